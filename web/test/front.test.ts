import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Objective, Trial } from '../src/data.ts';
import { dominates, history, nonDominated, stepLine } from '../src/front.ts';
import { spreadLabels } from '../src/labels.ts';

const accuracy: Objective = { name: 'accuracy', direction: 'maximize' };
const energy: Objective = { name: 'energy', direction: 'minimize', unit: 'J' };

function trial(id: number, objectives: Record<string, number | null>, joules: number | null = null): Trial {
  return { id, state: 'completed', configuration: {}, objectives, metrics: {}, curve: [], phases: [], energy: { value: joules, provenance: 'modelled' } };
}

test('dominance follows the direction of each objective', () => {
  const cheap = trial(0, { accuracy: 0.9, energy: 10 });
  const dear = trial(1, { accuracy: 0.9, energy: 20 });
  assert.equal(dominates(cheap, dear, [accuracy, energy]), true);
  assert.equal(dominates(dear, cheap, [accuracy, energy]), false);
  assert.equal(dominates(cheap, cheap, [accuracy, energy]), false);
});

test('a trial that lacks an objective neither dominates nor stands on the front', () => {
  const partial = trial(0, { accuracy: 0.99, energy: null });
  const whole = trial(1, { accuracy: 0.5, energy: 20 });
  assert.equal(dominates(partial, whole, [accuracy, energy]), false);
  assert.deepEqual(nonDominated([partial, whole], [accuracy, energy]).map((t) => t.id), [1]);
});

test('the front is in the order of the first objective and leaves infeasible trials out', () => {
  const trials = [trial(0, { accuracy: 0.9, energy: 30 }), trial(1, { accuracy: 0.7, energy: 10 }), trial(2, { accuracy: 0.6, energy: 20 }), { ...trial(3, { accuracy: 1, energy: 1 }), feasible: false }];
  assert.deepEqual(nonDominated(trials, [accuracy, energy]).map((t) => t.id), [1, 0]);
});

test('with energy minimised the line runs right and then up', () => {
  const line = stepLine([{ x: 30, y: 0.9 }, { x: 10, y: 0.7 }], energy, accuracy);
  assert.deepEqual(line, [{ x: 10, y: 0.7 }, { x: 30, y: 0.7 }, { x: 30, y: 0.9 }]);
});

test('with x maximised the line runs along y first', () => {
  const speed: Objective = { name: 'speed', direction: 'maximize' };
  const line = stepLine([{ x: 1, y: 0.9 }, { x: 5, y: 0.7 }], speed, accuracy);
  assert.deepEqual(line, [{ x: 1, y: 0.9 }, { x: 1, y: 0.7 }, { x: 5, y: 0.7 }]);
});

test('no corner of the line is better than every point', () => {
  const directions = ['minimize', 'maximize'] as const;
  for (const dx of directions) for (const dy of directions) {
    const points = [[1, 5], [2, 3], [4, 4], [5, 1], [3, 2]].map(([x = 0, y = 0]) => ({ x, y }));
    const [sx, sy] = [dx === 'minimize' ? 1 : -1, dy === 'minimize' ? 1 : -1];
    for (const corner of stepLine(points, { name: 'x', direction: dx }, { name: 'y', direction: dy })) {
      assert.ok(points.some((p) => sx * p.x <= sx * corner.x && sy * p.y <= sy * corner.y), `${dx} ${dy} ${JSON.stringify(corner)}`);
    }
  }
});

test('a front of three objectives leaves out what another point beats in the plane', () => {
  const line = stepLine([{ x: 10, y: 0.7 }, { x: 20, y: 0.6 }, { x: 30, y: 0.9 }], energy, accuracy);
  assert.deepEqual(line, [{ x: 10, y: 0.7 }, { x: 30, y: 0.7 }, { x: 30, y: 0.9 }]);
});

test('no points and one point', () => {
  assert.deepEqual(stepLine([], energy, accuracy), []);
  assert.deepEqual(stepLine([{ x: 1, y: 2 }], energy, accuracy), [{ x: 1, y: 2 }]);
});

test('the history adds up joules and keeps the best', () => {
  const trials = [trial(1, { accuracy: 0.6 }, 5), trial(0, { accuracy: 0.5 }, 10), trial(2, { accuracy: 0.55 }, 5), trial(3, {}, 100)];
  const past = history(trials, accuracy);
  assert.deepEqual(past.points.map((p) => [p.trial.id, p.x, p.y]), [[0, 10, 0.5], [1, 15, 0.6], [2, 20, 0.55]]);
  assert.deepEqual(past.best, [{ x: 10, y: 0.5 }, { x: 15, y: 0.5 }, { x: 15, y: 0.6 }, { x: 20, y: 0.6 }]);
  assert.equal(past.overEnergy, true);
});

test('the history counts trials where no energy is known', () => {
  const past = history([trial(4, { accuracy: 0.5 }), trial(6, { accuracy: 0.4 })], accuracy);
  assert.equal(past.overEnergy, false);
  assert.deepEqual(past.points.map((p) => p.x), [4, 6]);
});

test('labels that would cover each other move up a line, others stay', () => {
  const near = [{ x: 100, y: 50, align: 'right', text: 'Recommended' }, { x: 110, y: 48, align: 'right', text: 'Knee' }, { x: 400, y: 50, align: 'left', text: 'Best quality' }] as const;
  assert.deepEqual(spreadLabels([...near]), [0, 1, 0]);
});
