/** Axes of our own: bounds, positions and ticks, linear or logarithmic, with units in the labels. */

import { significant, siPrefix } from './format.ts';

export interface Tick {
  at: number;
  label: string;
}

export interface Axis {
  log: boolean;
  /** Bounds in positions. */
  min: number;
  max: number;
  ticks: Tick[];
  /** Where a value stands on the axis. */
  at: (value: number) => number;
}

/** An axis that holds every value with some air. Logarithmic only where every value is above 0. */
export function makeAxis(values: number[], options: { log?: boolean; unit?: string; numTicks?: number } = {}): Axis {
  const finite = values.filter(Number.isFinite);
  const log = options.log === true && finite.length > 0 && finite.every((v) => v > 0);
  const at = log ? (v: number) => Math.log10(v) : (v: number) => v;
  let [low, high] = [Infinity, -Infinity];
  for (const value of finite) {
    low = Math.min(low, at(value));
    high = Math.max(high, at(value));
  }
  if (low > high) [low, high] = [0, 1];
  const air = high > low ? (high - low) * 0.06 : log ? 0.3 : Math.abs(high) * 0.1 || 1;
  let [min, max] = [low - air, high + air];
  if (!log && low >= 0 && min < 0) min = 0;
  const positions = log ? logTicks(min, max, options.numTicks ?? 6) : linearTicks(min, max, options.numTicks ?? 6);
  const label = tickLabeller(positions.map((p) => (log ? 10 ** p : p)), options.unit ?? '', log);
  return { log, min, max, at, ticks: positions.map((p) => ({ at: p, label: label(log ? 10 ** p : p) })) };
}

/** Round numbers inside the bounds, about so many. */
export function linearTicks(min: number, max: number, about: number): number[] {
  const raw = (max - min) / Math.max(1, about);
  const power = 10 ** Math.floor(Math.log10(raw));
  // The round step nearest to the raw one on a logarithmic scale.
  const step = power * (raw / power >= Math.sqrt(50) ? 10 : raw / power >= Math.sqrt(10) ? 5 : raw / power >= Math.SQRT2 ? 2 : 1);
  const ticks: number[] = [];
  for (let k = Math.ceil(min / step - 1e-9); k * step <= max + step * 1e-9; ++k) ticks.push(Number((k * step).toPrecision(12)));
  return ticks;
}

/** Logarithms of round numbers inside the bounds (themselves logarithms): 1-2-5, or powers of ten over wide ranges. */
export function logTicks(min: number, max: number, about: number): number[] {
  const pick = (digits: number[], stride: number): number[] => {
    const ticks: number[] = [];
    for (let power = Math.floor(min); power <= Math.ceil(max); ++power) {
      if (power % stride !== 0) continue;
      for (const digit of digits) {
        const position = power + Math.log10(digit);
        if (position >= min && position <= max) ticks.push(position);
      }
    }
    return ticks;
  };
  for (const digits of [[1, 2, 5], [1, 3], [1]]) {
    const ticks = pick(digits, 1);
    if (ticks.length <= about + 1) return ticks.length >= 2 ? ticks : linearInLog(min, max, about);
  }
  return pick([1], Math.ceil((max - min) / about));
}

/** A narrow logarithmic axis: round numbers of the value itself. */
function linearInLog(min: number, max: number, about: number): number[] {
  return linearTicks(10 ** min, 10 ** max, about).filter((v) => v > 0).map(Math.log10);
}

function tickLabeller(values: number[], unit: string, log: boolean): (value: number) => string {
  if (unit === 'J') {
    const largest = Math.max(...values.map(Math.abs), 0);
    return (value) => {
      const { factor, prefix } = siPrefix(log ? value : largest);
      return `${plain(value / factor)} ${prefix}J`;
    };
  }
  return (value) => (unit ? `${plain(value)} ${unit}` : plain(value));
}

function plain(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(2).replace(/\.?0+e\+?/, 'e');
  return Number.isInteger(value) ? significant(value, 15).replace(/\.0+$/, '') : String(Number(value.toPrecision(6)));
}
