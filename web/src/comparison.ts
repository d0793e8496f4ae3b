/** The data of a comparison of studies: its types, and the one place where it is read and checked. */

import { DataError, SCHEMA, type Figure, type Objective } from './data.ts';

export interface AnytimePoint {
  energy: number;
  quality: number;
  trial?: number;
  step?: number;
  elapsed_s?: number | null;
  regret?: number | null;
}

export interface VolumePoint {
  energy: number;
  value: number;
}

export interface Mark {
  energy: number;
  name: string;
}

/** The best that one study knew of, over all joules it had drawn. */
export interface Anytime {
  curve: AnytimePoint[];
  hypervolume?: VolumePoint[];
  reference_point?: number[];
  marks: Mark[];
  /** All joules of the study. */
  end?: number | null;
  /** False where not all of its energy is known. */
  complete?: boolean;
}

/** A median with its range, or the value of a single study. null: not reached. */
export interface Cell {
  value: number | null;
  best?: number | null;
  worst?: number | null;
  num_known?: number;
}

export interface ComparedStudy {
  label: string;
  strategy?: string;
  seed?: number;
  state?: string;
  energy?: Figure;
  stages?: Record<string, number | null> | null;
  elapsed_s?: number | null;
  num_trials?: number | null;
  best?: { trial: number; metrics: Record<string, number> };
  curve: AnytimePoint[];
  hypervolume?: VolumePoint[];
  marks: Mark[];
}

export interface Series {
  label: string;
  studies: string[];
  end: number;
  curve: (Cell & { energy: number })[];
}

export interface Saving {
  study: string;
  against: string;
  comparable: boolean;
  why_not?: string;
  percent?: number;
}

export interface ComparisonData {
  schema: number;
  kind: 'comparison';
  wattune?: string;
  objectives: Objective[];
  warnings: string[];
  best: { quality: number | null; given?: boolean };
  reference_point: number[];
  grouped: boolean;
  studies: ComparedStudy[];
  series: Series[];
  to_quality: { quality: number; joules: Cell[]; ratios: (number | null)[] }[];
  at_joules: { joules: number; qualities: Cell[]; regrets: Cell[]; hypervolumes?: Cell[] }[];
  area: { from: number; to: number; mean_qualities: Cell[] } | null;
  savings: Saving[];
}

/** Whether the data of a page is a comparison, and not the report of one study. */
export function isComparison(raw: unknown): boolean {
  return typeof raw === 'object' && raw !== null && (raw as { kind?: unknown }).kind === 'comparison';
}

export function checkComparison(raw: unknown): ComparisonData {
  const data = raw as Partial<ComparisonData>;
  if (data.schema !== SCHEMA) {
    throw new DataError(`This comparison was written with schema ${JSON.stringify(data.schema ?? null)} of the data, and this page reads schema ${SCHEMA}.`);
  }
  for (const key of ['objectives', 'studies', 'series', 'to_quality', 'at_joules'] as const) {
    if (!Array.isArray(data[key])) throw new DataError(`${key}: a list is needed, found ${JSON.stringify(data[key] ?? null)}`);
  }
  if (!data.objectives?.[0]) throw new DataError('objectives: at least one is needed');
  return {
    ...(data as ComparisonData),
    warnings: data.warnings ?? [],
    savings: data.savings ?? [],
    reference_point: data.reference_point ?? [],
    area: data.area ?? null,
    best: data.best ?? { quality: null },
    studies: (data.studies ?? []).map((study) => ({ ...study, curve: study.curve ?? [], marks: study.marks ?? [] })),
  };
}
