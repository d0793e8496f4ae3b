import assert from 'node:assert/strict';
import { test } from 'node:test';

import { linearTicks, logTicks, makeAxis } from '../src/axis.ts';

const rounded = (values: number[]): number[] => values.map((v) => Number(v.toPrecision(6)));

test('linear ticks are round and inside the bounds', () => {
  assert.deepEqual(linearTicks(0, 1, 5), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.deepEqual(linearTicks(0.83, 0.92, 4), [0.84, 0.86, 0.88, 0.9, 0.92]);
  assert.deepEqual(linearTicks(-3, 7, 5), [-2, 0, 2, 4, 6]);
});

test('logarithmic ticks are 1-2-5 over one decade and powers over many', () => {
  assert.deepEqual(rounded(logTicks(1, 2.2, 6).map((v) => 10 ** v)), [10, 20, 50, 100]);
  assert.deepEqual(rounded(logTicks(-4, 1, 6)), [-4, -3, -2, -1, 0, 1]);
  assert.ok(logTicks(-12, 12, 6).length <= 8);
});

test('a narrow logarithmic range still has ticks', () => {
  assert.ok(logTicks(Math.log10(310), Math.log10(360), 5).length >= 2);
});

test('every value lies inside the axis', () => {
  for (const values of [[3, 8, 5], [0.001, 1000], [7], [0, 0], [-5, 5]]) {
    for (const log of [false, true]) {
      const axis = makeAxis(values, { log });
      for (const v of values) assert.ok(axis.at(v) >= axis.min && axis.at(v) <= axis.max, `${v} in ${axis.min}..${axis.max}`);
      assert.ok(axis.max > axis.min);
      for (const tick of axis.ticks) assert.ok(tick.at >= axis.min && tick.at <= axis.max);
    }
  }
});

test('an axis with a value of 0 is not logarithmic', () => {
  assert.equal(makeAxis([0, 10], { log: true }).log, false);
  assert.equal(makeAxis([1, 10], { log: true }).log, true);
});

test('energy ticks share one prefix on a linear axis and have their own on a logarithmic one', () => {
  assert.deepEqual(makeAxis([0, 2000], { unit: 'J', numTicks: 4 }).ticks.map((t) => t.label), ['0 kJ', '0.5 kJ', '1 kJ', '1.5 kJ', '2 kJ']);
  assert.ok(makeAxis([100, 5000], { unit: 'J', log: true }).ticks.some((t) => t.label === '200 J'));
  assert.ok(makeAxis([100, 5000], { unit: 'J', log: true }).ticks.some((t) => t.label === '2 kJ'));
});

test('an axis of no values is still an axis', () => {
  const axis = makeAxis([]);
  assert.ok(axis.max > axis.min);
});
