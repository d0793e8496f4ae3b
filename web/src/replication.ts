/** The data of a rerun study: its types, and the one place where it is read and checked. */

import { DataError, SCHEMA } from './data.ts';

export type Cell = number | string | null;

export interface Paper {
  title: string;
  authors?: string;
  venue?: string;
  link?: string;
}

export interface ExperimentRow {
  experiment: string;
  about?: string;
  state: string;
  why?: string | null;
  strategy?: string | null;
  trials?: number | null;
  failed?: number | null;
  energy_j?: number | null;
  energy_uncertainty_j?: number | null;
  energy_provenance?: string | null;
  elapsed_s?: number | null;
}

export interface Analysis {
  name: string;
  kind: string;
  title: string;
  about?: string;
  of?: string[];
  where?: string;
  columns: string[];
  rows: Cell[][];
  notes: string[];
}

export interface FigureAxis {
  label: string;
  log?: boolean;
  values?: string[];
}

export interface FigureSeries {
  name: string;
  points: [number, number][];
}

export interface FigureGroup {
  name: string;
  count: number;
  mean: number;
  min: number;
  q1: number;
  median: number;
  q3: number;
  max: number;
}

export interface HeatCell {
  x: number;
  y: number;
  value: number | null;
  count: number;
  missing: number;
}

/** Of a power law or of a straight line. */
export interface Fit {
  factor?: number;
  exponent?: number;
  intercept?: number;
  slope?: number;
  low?: number;
  high?: number;
}

export interface PlotFigure {
  kind: 'heatmap' | 'scatter' | 'lines' | 'box' | 'bars';
  title: string;
  x?: FigureAxis;
  y?: FigureAxis;
  label?: string;
  unit?: string;
  log?: boolean;
  cells?: HeatCell[];
  series?: FigureSeries[];
  groups?: FigureGroup[];
  fit?: Fit;
  notes?: string[];
}

export interface Check {
  claim: string;
  state: 'holds' | 'broken' | 'untold';
  words?: string;
}

export interface ReplicationData {
  schema: number;
  kind: 'replication';
  wattune?: string;
  name: string;
  title: string;
  about?: string;
  scale: string;
  paper: Paper;
  provenance: { machine?: Cell; cpu?: Cell; meters?: Cell; wattune?: Cell }[];
  experiments: ExperimentRow[];
  analyses: Analysis[];
  figures: PlotFigure[];
  checks: Check[];
}

/** Whether the data of a page is a rerun study. */
export function isReplication(raw: unknown): boolean {
  return typeof raw === 'object' && raw !== null && (raw as { kind?: unknown }).kind === 'replication';
}

export function checkReplication(raw: unknown): ReplicationData {
  const data = raw as Partial<ReplicationData>;
  if (data.schema !== SCHEMA) {
    throw new DataError(`This study was written with schema ${JSON.stringify(data.schema ?? null)} of the data, and this page reads schema ${SCHEMA}.`);
  }
  for (const key of ['experiments', 'analyses', 'figures', 'checks'] as const) {
    if (!Array.isArray(data[key])) throw new DataError(`${key}: a list is needed, found ${JSON.stringify(data[key] ?? null)}`);
  }
  return {
    ...(data as ReplicationData),
    paper: data.paper ?? { title: '' },
    provenance: data.provenance ?? [],
    analyses: (data.analyses ?? []).map((a) => ({ ...a, columns: a.columns ?? [], rows: a.rows ?? [], notes: a.notes ?? [] })),
  };
}
