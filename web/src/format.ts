/** Numbers as words for the page. What is not known is a dash, never 0. */

import { known, type Figure, type Provenance, type Value } from './data.ts';

export const DASH = '–';

const PREFIXES: [number, string][] = [
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
  [1, ''],
  [1e-3, 'm'],
  [1e-6, 'µ'],
];

/** The SI prefix under which the value, rounded to three digits, reads as 1 to 999. */
export function siPrefix(value: number): { factor: number; prefix: string } {
  const size = Math.abs(Number(value.toPrecision(3)));
  if (size === 0) return { factor: 1, prefix: '' };
  const [factor, prefix] = PREFIXES.find(([limit]) => size >= limit) ?? [1e-6, 'µ'];
  return { factor, prefix };
}

/** Digits with so many of them significant; an exponent only for the very small and the very large. */
export function significant(value: number, digits = 3): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size < 1e-6 || size >= 1e15) return value.toExponential(digits - 1).replace('e+', 'e');
  const text = value.toPrecision(digits);
  return text.includes('e') ? grouped(Number(text)) : grouped(text);
}

function grouped(value: number | string): string {
  const [whole = '', fraction] = String(value).split('.');
  const spaced = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  return fraction === undefined ? spaced : `${spaced}.${fraction}`;
}

/** A quantity with its SI prefix, such as "3.12 kJ". */
export function quantity(value: number | null | undefined, unit: string): string {
  const number = known(value);
  if (number === undefined) return DASH;
  const { factor, prefix } = siPrefix(number);
  return `${significant(number / factor)} ${prefix}${unit}`;
}

export function joules(value: number | null | undefined): string {
  return quantity(value, 'J');
}

/** Value and half width of the 95 % interval under one prefix: "3.12 ± 1.87 kJ". */
export function figure(of: Figure | null | undefined, unit = 'J'): string {
  const value = known(of?.value);
  if (value === undefined) return DASH;
  const uncertainty = known(of?.uncertainty);
  if (uncertainty === undefined) return quantity(value, unit);
  const { factor, prefix } = siPrefix(value);
  const text = significant(value / factor);
  return `${text} ± ${toDecimals(uncertainty / factor, decimalsOf(text))} ${prefix}${unit}`;
}

function decimalsOf(text: string): number {
  return /\.(\d+)$/.exec(text)?.[1]?.length ?? 0;
}

/** As many decimals as the value it belongs to, but never so few that it reads as 0. */
function toDecimals(value: number, decimals: number): string {
  const text = value.toFixed(decimals);
  return value !== 0 && Number(text) === 0 ? significant(value, 1) : grouped(text);
}

export function provenanceOf(of: Figure | null | undefined): Provenance {
  return known(of?.value) === undefined ? 'missing' : (of?.provenance ?? 'missing');
}

/** A metric or objective: four digits are enough to tell two accuracies apart. */
export function metric(value: number | null | undefined, unit = ''): string {
  const number = known(value);
  if (number === undefined) return DASH;
  if (unit === 'J') return joules(number);
  const text = Number.isInteger(number) ? count(number) : significant(number, 4);
  return unit ? `${text} ${unit}` : text;
}

/** Up to so many significant digits, without zeros at the end: for figures that people have set. */
export function short(value: number | null | undefined, digits = 4): string {
  const number = known(value);
  return number === undefined ? DASH : significant(number, digits).replace(/(\.\d*?)0+(?=e|$)/, '$1').replace(/\.(?=e|$)/, '');
}

/** A part of 1 as "42 %"; with a decimal below 10 %. */
export function percent(value: number | null | undefined): string {
  const number = known(value);
  if (number === undefined) return DASH;
  const hundredths = number * 100;
  return `${hundredths !== 0 && Math.abs(hundredths) < 9.95 ? Number(hundredths.toFixed(1)) : Math.round(hundredths)} %`;
}

export function count(value: number | null | undefined): string {
  const number = known(value);
  return number === undefined ? DASH : grouped(String(Math.round(number)));
}

export function parameter(value: Value | undefined): string {
  if (value === undefined || value === null) return DASH;
  if (typeof value !== 'number') return String(value);
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) < 1e-3 ? value.toExponential(2).replace(/\.?0+e/, 'e') : String(Number(value.toPrecision(4)));
}

export function duration(seconds: number | null | undefined): string {
  const value = known(seconds);
  if (value === undefined) return DASH;
  if (value < 60) return `${significant(value)} s`;
  const total = Math.round(value);
  const parts = [Math.floor(total / 3600), Math.floor((total % 3600) / 60), total % 60];
  return parts[0] ? `${parts[0]} h ${parts[1]} min` : `${parts[1]} min ${parts[2]} s`;
}

/** A UTC moment as "2026-11-21 20:00 UTC", or the text itself where it is not one. */
export function moment(text: string | undefined): string {
  if (!text) return DASH;
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)/.exec(text);
  return match ? `${match[1]} ${match[2]} UTC` : text;
}

/** Words for names such as "best_quality". */
export function words(name: string): string {
  const text = name.replaceAll('_', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export const PROVENANCE_MEANING: Record<Provenance, string> = {
  measured: 'read from an energy counter of the hardware',
  integrated: 'power readings of the hardware, added up over time',
  modelled: 'computed from processor time and watts per hardware thread; no counter was readable',
  missing: 'nothing could be read; not counted as 0',
};

export function csv(rows: (string | number | null | undefined)[][]): string {
  const cell = (value: string | number | null | undefined): string => {
    const text = value === null || value === undefined ? '' : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map((row) => row.map(cell).join(',')).join('\r\n') + '\r\n';
}
