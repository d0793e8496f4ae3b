import assert from 'node:assert/strict';
import { test } from 'node:test';

import { DASH, count, csv, duration, figure, joules, metric, moment, parameter, percent, provenanceOf, short, significant } from '../src/format.ts';
import { compareValues, matches } from '../src/sections/trials_table.ts';
import { uncertaintyWords } from '../src/sections/footer.ts';
import { samplesPerJoule } from '../src/sections/phases.ts';

test('joules carry an SI prefix and three digits', () => {
  assert.equal(joules(318.04), '318 J');
  assert.equal(joules(3120.4), '3.12 kJ');
  assert.equal(joules(41.24), '41.2 J');
  assert.equal(joules(5.678e6), '5.68 MJ');
  assert.equal(joules(0.0456), '45.6 mJ');
  assert.equal(joules(0), '0 J');
});

test('rounding up to a thousand moves on to the next prefix', () => {
  assert.equal(joules(999.7), '1.00 kJ');
  assert.equal(joules(999.4), '999 J');
});

test('what is not known is a dash and never 0', () => {
  for (const value of [null, undefined, NaN, Infinity]) {
    assert.equal(joules(value), DASH);
    assert.equal(metric(value), DASH);
    assert.equal(count(value), DASH);
    assert.equal(duration(value), DASH);
  }
  assert.equal(figure(undefined), DASH);
  assert.equal(figure({ value: null, provenance: 'missing' }), DASH);
  assert.equal(parameter(undefined), DASH);
});

test('the uncertainty has the prefix and the decimals of its value', () => {
  assert.equal(figure({ value: 3120.4, uncertainty: 1872, provenance: 'modelled' }), '3.12 ± 1.87 kJ');
  assert.equal(figure({ value: 318, uncertainty: 190.4, provenance: 'modelled' }), '318 ± 190 J');
  assert.equal(figure({ value: 41.2, uncertainty: 24.72, provenance: 'modelled' }), '41.2 ± 24.7 J');
  assert.equal(figure({ value: 10, provenance: 'measured' }), '10.0 J');
});

test('a small uncertainty does not read as certainty', () => {
  assert.equal(figure({ value: 318, uncertainty: 0.02, provenance: 'measured' }), '318 ± 0.02 J');
});

test('a figure without a value is missing, whatever it says', () => {
  assert.equal(provenanceOf({ value: null, provenance: 'measured' }), 'missing');
  assert.equal(provenanceOf({ value: 1, provenance: 'integrated' }), 'integrated');
});

test('numbers are grouped and keep their digits', () => {
  assert.equal(count(200000), '200,000');
  assert.equal(significant(12345.678, 4), '12,350');
  assert.equal(metric(0.90716), '0.9072');
  assert.equal(metric(3, 'W'), '3 W');
  assert.equal(short(0.3), '0.3');
  assert.equal(short(0.000096, 3), '0.000096');
  assert.equal(short(100), '100');
});

test('parameters read as people write them', () => {
  assert.equal(parameter(0.0001), '1e-4');
  assert.equal(parameter(0.01), '0.01');
  assert.equal(parameter(128), '128');
  assert.equal(parameter(false), 'false');
});

test('durations and moments', () => {
  assert.equal(duration(12.4), '12.4 s');
  assert.equal(duration(181.2), '3 min 1 s');
  assert.equal(duration(7260), '2 h 1 min');
  assert.equal(moment('2026-11-21T20:00:00Z'), '2026-11-21 20:00 UTC');
});

test('a CSV cell with a comma, a quote or a line end is quoted, and an unknown one is empty', () => {
  assert.equal(csv([['a,b', 'c"d', null, 1.5], ['e\nf', undefined, '', 0]]), '"a,b","c""d",,1.5\r\n"e\nf",,,0\r\n');
});

test('unknown values sort last in both directions', () => {
  const sorted = (descending: boolean) => [2, undefined, 1, 3].sort((a, b) => compareValues(a, b, descending));
  assert.deepEqual(sorted(false), [1, 2, 3, undefined]);
  // Array sort moves undefined by itself, so the comparison is asked directly too.
  assert.equal(compareValues(undefined, 1, true), 1);
  assert.equal(compareValues(1, undefined, true), -1);
  assert.deepEqual(sorted(true), [3, 2, 1, undefined]);
});

test('every word of the filter must be in the row', () => {
  assert.equal(matches('7 paused optimizer=sgd', 'paused optimizer=SGD'), true);
  assert.equal(matches('7 paused optimizer=sgd', 'paused adam'), false);
  assert.equal(matches('anything', ''), true);
});

test('the uncertainty of a channel is said in words', () => {
  assert.match(uncertaintyWords({ id: 'cpu:model', gain_uncertainty: 0.6 }), /±60 %.*19 times out of 20/);
  assert.equal(uncertaintyWords({ id: 'x' }), 'uncertainty not known');
});

test('samples per joule needs both', () => {
  assert.equal(samplesPerJoule({ name: 'train', samples: 100, energy: { value: 4, provenance: 'modelled' } }), 25);
  assert.equal(samplesPerJoule({ name: 'train', samples: 100, energy: { value: null, provenance: 'missing' } }), undefined);
  assert.equal(samplesPerJoule({ name: 'train', energy: { value: 4, provenance: 'modelled' } }), undefined);
});

test('parts of 1 are hundredths, with a decimal below ten', () => {
  assert.equal(percent(0.424), '42 %');
  assert.equal(percent(0.0424), '4.2 %');
  assert.equal(percent(0), '0 %');
  assert.equal(percent(1), '100 %');
  assert.equal(percent(null), DASH);
});
