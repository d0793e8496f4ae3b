/** The report data of docs/report-data.md: its types, and the one place where it is read and checked. */

import type { Anytime } from './comparison.ts';

export const SCHEMA = 1;

export type Provenance = 'measured' | 'integrated' | 'modelled' | 'missing';

export interface Figure {
  value: number | null;
  uncertainty?: number | null;
  provenance?: Provenance;
  /** Not reached yet: what a full training would need at the pace so far. */
  projected?: boolean;
}

export interface Objective {
  name: string;
  direction: 'minimize' | 'maximize';
  unit?: string;
}

export interface Parameter {
  name: string;
  kind: string;
  log?: boolean;
  low?: number;
  high?: number;
  choices?: Value[];
  role?: string;
}

export type Value = number | string | boolean;

export interface CurvePoint {
  step: number;
  energy?: number | null;
  duration_s?: number | null;
  metrics: Record<string, number | null>;
}

export interface Phase {
  name: string;
  energy?: Figure;
  samples?: number | null;
  duration_s?: number | null;
}

export type TrialState = 'running' | 'paused' | 'completed' | 'stopped' | 'failed' | 'interrupted';

export interface Trial {
  id: number;
  state: TrialState;
  outcome?: string | null;
  detail?: string | null;
  purpose?: string;
  origin?: string;
  rung?: number | null;
  step?: number | null;
  complete?: boolean;
  configuration: Record<string, Value>;
  objectives: Record<string, number | null>;
  feasible?: boolean | null;
  on_front?: boolean;
  metrics: Record<string, number | null>;
  energy?: Figure;
  full_training_energy?: Figure;
  duration_s?: number | null;
  curve: CurvePoint[];
  phases: Phase[];
}

export interface Recommendation {
  kind: string;
  trial: number;
  tolerance?: number;
  why?: string;
}

export interface LedgerEntry {
  name: string;
  label?: string;
  energy?: Figure;
  num_trials?: number | null;
}

export interface Saving {
  against: string;
  trial?: number | null;
  comparable?: boolean;
  why_not?: string;
  energy?: Figure;
  percent?: number | null;
  pays_after_trainings?: number | null;
}

export interface Carbon {
  value?: number | null;
  unit?: string;
  zone?: string;
  year?: number | null;
  intensity?: number | null;
  source?: string;
  pue?: number;
  uncertainty?: number | null;
  /** Life-cycle or direct, average or marginal; null where nobody said. */
  kind?: string | null;
  /** All that the figure rests on, in words. */
  basis?: string;
}

export interface Cost {
  value?: number | null;
  currency?: string;
  price_per_kwh?: number | null;
  pue?: number;
  uncertainty?: number | null;
  basis?: string;
}

/** The share of the machine's making: beside the carbon, never in it. */
export interface Embodied {
  value?: number | null;
  unit?: string;
  basis?: string;
}

/** What the trainings cost by the books of Carbontracker: a figure of its own, in no sum. */
export interface CarbontrackerFigure {
  value?: number | null;
  without_pue?: number | null;
  unit?: string;
  release?: string;
  pue?: number | null;
  num_epochs?: number | null;
  num_copied?: number | null;
  num_unseen?: number | null;
  differs?: string[];
}

export interface Ledger {
  carbontracker?: CarbontrackerFigure | null;
  stages?: Record<string, number | null> | null;
  total?: Figure;
  entries: LedgerEntry[];
  carbon?: Carbon | null;
  cost?: Cost | null;
  embodied?: Embodied | null;
  footprint_notes?: string[];
  savings: Saving[];
  sentence?: string;
}

/** A part of 1 with the range that nine of ten trees, or resamples, lie in. */
export interface Share {
  share: number;
  low?: number | null;
  high?: number | null;
  num_trials?: number | null;
}

/** What one measure depends on. */
export interface Importance {
  method: string;
  measure: string;
  num_trials?: number | null;
  step?: number | null;
  explained?: number | null;
  num_good?: number | null;
  parameters: (Share & { name: string })[];
  pairs: (Share & { names: string[] })[];
  notes: string[];
}

export interface Correlation {
  value: number;
  low?: number | null;
  high?: number | null;
}

/** The worst that comes of choosing by a proxy: two trials, by what part the chosen one draws more. */
export interface Misled {
  chosen: number;
  cheapest: number;
  excess: number;
}

export interface Proxy {
  name: string;
  num_trials?: number | null;
  spearman?: Correlation | null;
  pearson_of_logs?: Correlation | null;
  misled?: Misled | null;
  warnings: string[];
  points: { trial: number; value: number; energy: number }[];
}

export interface Proxies {
  step?: number | null;
  num_trials?: number | null;
  entries: Proxy[];
  notes: string[];
}

export interface Channel {
  id: string;
  kind?: string;
  provenance?: Provenance;
  gain_uncertainty?: number | null;
  source?: string;
}

export interface Budget {
  name: string;
  limit: number;
  used?: number | null;
  unit?: string;
}

export interface Constraint {
  name: string;
  min?: number | null;
  max?: number | null;
}

export interface Host {
  name?: string;
  cpu?: string;
  num_cores?: number;
  gpus?: string[];
}

export interface Study {
  name: string;
  seed?: number;
  strategy?: string;
  command?: string;
  started_at?: string;
  updated_at?: string;
  elapsed_s?: number | null;
  state?: string;
  state_reason?: string;
  resource?: { unit?: string; max?: number };
  host?: Host;
}

export interface ReportData {
  schema: number;
  wattune?: string;
  study: Study;
  budgets: Budget[];
  objectives: Objective[];
  constraints: Constraint[];
  parameters: Parameter[];
  channels: Channel[];
  trials: Trial[];
  front: number[];
  recommendations: Recommendation[];
  ledger: Ledger;
  importance: Importance[];
  proxies: Proxies | null;
  anytime: Anytime | null;
  messages: string[];
}

/** What is wrong with the data, in words for the page. */
export class DataError extends Error {}

/** Reads the data that the engine has put into the page: of a report, or of a comparison. */
export function readPageData(page: Document): unknown {
  const element = page.getElementById('wattune-data');
  if (!element) throw new DataError('This page has no place for data. It is not a Wattune report.');
  return parseJson(element.textContent ?? '');
}

function parseJson(text: string): unknown {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    throw new DataError(`The data of this report is not JSON: ${(error as Error).message}`);
  }
  if (raw === null) {
    throw new DataError('This report holds no data. Make one with: wattune report STUDY');
  }
  return raw;
}

export function parseReportData(text: string): ReportData {
  return checkReport(parseJson(text));
}

export function checkReport(raw: unknown): ReportData {
  const root = asObject(raw, 'data');
  if (root['schema'] !== SCHEMA) {
    throw new DataError(
      `This report was written with schema ${JSON.stringify(root['schema'] ?? null)} of the data, ` +
        `and this page reads schema ${SCHEMA}. Make the report again with one version of Wattune.`,
    );
  }
  return {
    ...(root as object),
    schema: SCHEMA,
    study: checkStudy(root['study']),
    budgets: list(root['budgets'], 'budgets', (item, path) => {
      text_(item, 'name', path);
      number_(item, 'limit', path);
      return item as unknown as Budget;
    }),
    objectives: list(root['objectives'], 'objectives', checkObjective),
    constraints: list(root['constraints'], 'constraints', named<Constraint>),
    parameters: list(root['parameters'], 'parameters', named<Parameter>),
    channels: list(root['channels'], 'channels', (item, path) => {
      text_(item, 'id', path);
      return item as unknown as Channel;
    }),
    trials: checkTrials(root['trials']),
    front: (Array.isArray(root['front']) ? root['front'] : []) as number[],
    recommendations: list(root['recommendations'], 'recommendations', (item, path) => {
      text_(item, 'kind', path);
      number_(item, 'trial', path);
      return item as unknown as Recommendation;
    }),
    ledger: checkLedger(root['ledger']),
    importance: list(root['importance'], 'importance', checkImportance),
    proxies: checkProxies(root['proxies']),
    anytime: checkAnytime(root['anytime']),
    messages: (Array.isArray(root['messages']) ? root['messages'] : []) as string[],
  };
}

type Fields = Record<string, unknown>;

function asObject(value: unknown, path: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new DataError(`${path}: an object is needed, found ${brief(value)}`);
  }
  return value as Fields;
}

function brief(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

function text_(item: Fields, key: string, path: string): void {
  if (typeof item[key] !== 'string') throw new DataError(`${path}.${key}: text is needed, found ${brief(item[key])}`);
}

function number_(item: Fields, key: string, path: string): void {
  if (typeof item[key] !== 'number') throw new DataError(`${path}.${key}: a number is needed, found ${brief(item[key])}`);
}

function list<T>(value: unknown, path: string, check: (item: Fields, path: string) => T): T[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new DataError(`${path}: a list is needed, found ${brief(value)}`);
  return value.map((item, index) => check(asObject(item, `${path}[${index}]`), `${path}[${index}]`));
}

function named<T>(item: Fields, path: string): T {
  text_(item, 'name', path);
  return item as unknown as T;
}

function checkStudy(value: unknown): Study {
  const study = asObject(value, 'study');
  text_(study, 'name', 'study');
  return study as unknown as Study;
}

function checkObjective(item: Fields, path: string): Objective {
  text_(item, 'name', path);
  if (item['direction'] !== 'minimize' && item['direction'] !== 'maximize') {
    throw new DataError(`${path}.direction: minimize or maximize is needed, found ${brief(item['direction'])}`);
  }
  return item as unknown as Objective;
}

function checkTrials(value: unknown): Trial[] {
  const seen = new Set<number>();
  return list(value, 'trials', (item, path) => {
    number_(item, 'id', path);
    text_(item, 'state', path);
    const trial = item as unknown as Trial;
    if (seen.has(trial.id)) throw new DataError(`${path}.id: trial ${trial.id} is there twice`);
    seen.add(trial.id);
    return {
      ...trial,
      configuration: trial.configuration ?? {},
      objectives: trial.objectives ?? {},
      metrics: trial.metrics ?? {},
      curve: (trial.curve ?? []).map((point) => ({ ...point, metrics: point.metrics ?? {} })),
      phases: list(item['phases'], `${path}.phases`, named<Phase>),
    };
  });
}

function checkLedger(value: unknown): Ledger {
  const ledger = value === undefined || value === null ? {} : asObject(value, 'ledger');
  return {
    ...ledger,
    entries: list(ledger['entries'], 'ledger.entries', named<LedgerEntry>),
    savings: list(ledger['savings'], 'ledger.savings', (item, path) => {
      text_(item, 'against', path);
      return item as unknown as Saving;
    }),
  };
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

function checkImportance(item: Fields, path: string): Importance {
  text_(item, 'method', path);
  text_(item, 'measure', path);
  return {
    ...(item as unknown as Importance),
    parameters: list(item['parameters'], `${path}.parameters`, (one, at) => {
      text_(one, 'name', at);
      number_(one, 'share', at);
      return one as unknown as Share & { name: string };
    }),
    pairs: list(item['pairs'], `${path}.pairs`, (one, at) => {
      if (texts(one['names']).length !== 2) throw new DataError(`${at}.names: two names are needed, found ${brief(one['names'])}`);
      number_(one, 'share', at);
      return one as unknown as Share & { names: string[] };
    }),
    notes: texts(item['notes']),
  };
}

function checkAnytime(value: unknown): Anytime | null {
  if (value === undefined || value === null) return null;
  const anytime = asObject(value, 'anytime');
  return {
    ...(anytime as unknown as Anytime),
    curve: list(anytime['curve'], 'anytime.curve', (point, at) => {
      for (const key of ['energy', 'quality']) number_(point, key, at);
      return point as unknown as Anytime['curve'][number];
    }),
    marks: list(anytime['marks'], 'anytime.marks', (mark, at) => {
      number_(mark, 'energy', at);
      text_(mark, 'name', at);
      return mark as unknown as Anytime['marks'][number];
    }),
  };
}

function checkProxies(value: unknown): Proxies | null {
  if (value === undefined || value === null) return null;
  const proxies = asObject(value, 'proxies');
  return {
    ...(proxies as unknown as Proxies),
    entries: list(proxies['entries'], 'proxies.entries', (item, path) => {
      text_(item, 'name', path);
      return {
        ...(item as unknown as Proxy),
        warnings: texts(item['warnings']),
        points: list(item['points'], `${path}.points`, (point, at) => {
          for (const key of ['trial', 'value', 'energy']) number_(point, key, at);
          return point as unknown as Proxy['points'][number];
        }),
      };
    }),
    notes: texts(proxies['notes']),
  };
}

/** A number that is known, or undefined: null, absent and not finite are all "not known". */
export function known(value: number | null | undefined): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** The figure that stands behind an objective, where the data has one with its uncertainty. */
export function figureOf(trial: Trial, objective: string): Figure | undefined {
  if (objective === 'energy') return trial.energy;
  if (objective === 'full_training_energy') return trial.full_training_energy;
  return undefined;
}
