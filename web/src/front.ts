/** Who dominates whom, the line of the front, and the history that takes its place with one objective. */

import { known, type Objective, type Trial } from './data.ts';

export interface Point {
  x: number;
  y: number;
}

/** Whether `a` is at least as good in every objective and better in one. Unknown values dominate nothing. */
export function dominates(a: Trial, b: Trial, objectives: Objective[]): boolean {
  let better = false;
  for (const { name, direction } of objectives) {
    const [left, right] = [known(a.objectives[name]), known(b.objectives[name])];
    if (left === undefined || right === undefined) return false;
    if (left === right) continue;
    if (left < right !== (direction === 'minimize')) return false;
    better = true;
  }
  return better;
}

/** The non-dominated feasible trials among those with all objectives, in the order of the first. */
export function nonDominated(trials: Trial[], objectives: Objective[]): Trial[] {
  const first = objectives[0];
  if (!first) return [];
  const able = trials.filter((t) => t.feasible !== false && objectives.every((o) => known(t.objectives[o.name]) !== undefined));
  const front = able.filter((t) => !able.some((other) => dominates(other, t, objectives)));
  return front.sort((a, b) => (a.objectives[first.name] ?? 0) - (b.objectives[first.name] ?? 0));
}

/**
 * The border of what the points dominate, as corners from left to right.
 *
 * Between two neighbours it runs through the corner that both dominate: along x first where x is minimised, along y
 * first where x is maximised. Points that another one dominates in this plane (a front of three objectives seen in
 * two) are left out.
 */
export function stepLine(points: Point[], x: Objective, y: Objective): Point[] {
  const front = planeFront(points, x, y);
  const line: Point[] = [];
  front.forEach((point, index) => {
    const next = front[index + 1];
    line.push(point);
    if (next) line.push(x.direction === 'minimize' ? { x: next.x, y: point.y } : { x: point.x, y: next.y });
  });
  return line;
}

function planeFront(points: Point[], x: Objective, y: Objective): Point[] {
  const signX = x.direction === 'minimize' ? 1 : -1;
  const signY = y.direction === 'minimize' ? 1 : -1;
  const byGoodness = [...points].sort((a, b) => signX * (a.x - b.x) || signY * (a.y - b.y));
  const front: Point[] = [];
  let best = Infinity;
  for (const point of byGoodness) {
    if (signY * point.y >= best) continue;
    best = signY * point.y;
    front.push(point);
  }
  return front.sort((a, b) => a.x - b.x);
}

export interface HistoryPoint extends Point {
  trial: Trial;
}

export interface History {
  points: HistoryPoint[];
  best: Point[];
  /** Whether x is joules so far; otherwise no trial has energy and x is the number of the trial. */
  overEnergy: boolean;
}

/** One objective over the joules that the trials so far have used, with the best value so far as a step line. */
export function history(trials: Trial[], objective: Objective): History {
  const ordered = [...trials].sort((a, b) => a.id - b.id);
  const overEnergy = ordered.some((t) => known(t.energy?.value) !== undefined);
  const points: HistoryPoint[] = [];
  const best: Point[] = [];
  let used = 0;
  for (const trial of ordered) {
    used += known(trial.energy?.value) ?? 0;
    const y = known(trial.objectives[objective.name]);
    if (y === undefined) continue;
    const x = overEnergy ? used : trial.id;
    points.push({ x, y, trial });
    if (trial.feasible === false) continue;
    const last = best.at(-1);
    if (last && (objective.direction === 'minimize' ? y >= last.y : y <= last.y)) continue;
    if (last) best.push({ x, y: last.y });
    best.push({ x, y });
  }
  const [end, last] = [points.at(-1), best.at(-1)];
  if (end && last && end.x > last.x) best.push({ x: end.x, y: last.y });
  return { points, best, overEnergy };
}
