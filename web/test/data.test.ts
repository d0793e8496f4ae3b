import assert from 'node:assert/strict';
import { test } from 'node:test';

import { DataError, parseReportData } from '../src/data.ts';
import { FIXTURES, demo } from '../fixtures/make_fixture.ts';

function refuses(change: (data: Record<string, any>) => void, words: RegExp): void {
  const data = JSON.parse(JSON.stringify(demo())) as Record<string, any>;
  change(data);
  assert.throws(() => parseReportData(JSON.stringify(data)), (error: unknown) => error instanceof DataError && words.test(error.message));
}

test('every fixture is read', () => {
  for (const [name, make] of Object.entries(FIXTURES)) {
    const data = make();
    assert.equal(parseReportData(JSON.stringify(data)).trials.length, data.trials.length, name);
  }
});

test('fixtures are the same every time', () => {
  assert.equal(JSON.stringify(demo()), JSON.stringify(demo()));
});

test('a page that was never filled says so', () => {
  assert.throws(() => parseReportData('null'), /holds no data/);
});

test('text that is not JSON is named', () => {
  assert.throws(() => parseReportData('{"schema": 1,'), /not JSON/);
});

test('another schema is refused with both numbers', () => {
  refuses((d) => { d['schema'] = 2; }, /schema 2 .* schema 1/);
  refuses((d) => { delete d['schema']; }, /schema null/);
});

test('a wrong field is named with its place', () => {
  refuses((d) => { d['trials'][3].id = 'x'; }, /trials\[3\]\.id: a number is needed, found "x"/);
  refuses((d) => { delete d['study']; }, /study: an object is needed, found nothing/);
  refuses((d) => { d['objectives'][1].direction = 'up'; }, /objectives\[1\]\.direction: minimize or maximize/);
  refuses((d) => { d['trials'] = {}; }, /trials: a list is needed/);
  refuses((d) => { d['importance'][0].parameters[1].share = null; }, /importance\[0\]\.parameters\[1\]\.share: a number is needed, found null/);
  refuses((d) => { d['importance'][0].pairs[0].names = ['lr']; }, /importance\[0\]\.pairs\[0\]\.names: two names are needed/);
  refuses((d) => { d['proxies'].entries[1].points[2].energy = '3 J'; }, /proxies\.entries\[1\]\.points\[2\]\.energy: a number is needed/);
  refuses((d) => { d['trials'][1].id = d['trials'][0].id; }, /trial 0 is there twice/);
});

test('lists that are absent are empty', () => {
  const data = parseReportData('{"schema": 1, "study": {"name": "bare"}, "ledger": null}');
  assert.deepEqual([data.trials, data.objectives, data.ledger.entries, data.importance, data.messages], [[], [], [], [], []]);
  assert.equal(data.proxies, null);
});
