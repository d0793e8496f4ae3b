/** Parameters and objectives as parallel axes; ranges drawn on an axis filter the table. */

import { logTicks, linearTicks } from '../axis.ts';
import { known, type Parameter, type ReportData, type Trial, type Value } from '../data.ts';
import { joules, parameter, short } from '../format.ts';
import { highlighted, hover, onHighlight, toggle } from '../highlight.ts';
import { mix, type Theme } from '../theme.ts';
import { tooltipBase, trialTooltip } from './common.ts';
import { Chart, FONT, type Option, type View } from './chart.ts';

/** One axis from 0 to 1, with a place of its own below for trials without a value. */
export interface ParallelAxis {
  name: string;
  ticks: { at: number; label: string }[];
  /** Where trials without the value go, or undefined if every trial has it. */
  absent: { at: number; label: string } | undefined;
  at: (trial: Trial) => number;
}

const ABSENT_AT = -0.14;

/** Axes of every parameter that varies or is conditional, and of every objective that a trial has. */
export function parallelAxes(data: ReportData): ParallelAxis[] {
  const axes: ParallelAxis[] = [];
  for (const p of data.parameters) {
    const values = data.trials.map((t) => t.configuration[p.name]);
    const distinct = new Set(values.map((v) => JSON.stringify(v)));
    if (distinct.size < 2 && data.trials.length > 1) continue;
    if (values.every((v) => v === undefined)) continue;
    axes.push(parameterAxis(p, values));
  }
  for (const o of data.objectives) {
    const values = data.trials.map((t) => known(t.objectives[o.name]));
    if (values.every((v) => v === undefined)) continue;
    axes.push(numberAxis(o.name, values, { log: false, text: (v) => (o.unit === 'J' ? joules(v) : short(v)), absentLabel: 'none', of: (t) => known(t.objectives[o.name]) }));
  }
  return axes;
}

function parameterAxis(p: Parameter, values: (Value | undefined)[]): ParallelAxis {
  const present = values.filter((v): v is Value => v !== undefined);
  if (present.every((v) => typeof v === 'number') && p.kind !== 'ordinal' && p.kind !== 'categorical') {
    const bounds = [known(p.low), known(p.high)].filter((v): v is number => v !== undefined);
    return numberAxis(p.name, [...(values as (number | undefined)[]), ...bounds], {
      log: p.log === true, text: (v) => parameter(v), absentLabel: 'inactive', of: (t) => t.configuration[p.name] as number | undefined,
    });
  }
  const choices = [...new Set([...(p.choices ?? []), ...present].map((v) => parameter(v)))];
  const position = (text: string): number => (choices.length === 1 ? 0.5 : choices.indexOf(text) / (choices.length - 1));
  return {
    name: p.name,
    ticks: choices.map((label) => ({ at: position(label), label })),
    absent: present.length < values.length ? { at: ABSENT_AT, label: 'inactive' } : undefined,
    at: (trial) => {
      const value = trial.configuration[p.name];
      return value === undefined ? ABSENT_AT : position(parameter(value));
    },
  };
}

interface NumberAxis {
  log: boolean;
  text: (value: number) => string;
  absentLabel: string;
  of: (trial: Trial) => number | undefined;
}

function numberAxis(name: string, values: (number | undefined)[], spec: NumberAxis): ParallelAxis {
  const present = values.filter((v): v is number => v !== undefined);
  const log = spec.log && present.every((v) => v > 0);
  const map = log ? Math.log10 : (v: number): number => v;
  const { low, high } = extent(present.map(map));
  const share = (v: number): number => (high > low ? (map(v) - low) / (high - low) : 0.5);
  const inside = log ? logTicks(low, high, 5).map((v) => 10 ** v) : linearTicks(low, high, 5);
  const ticks = high > low ? inside : [...new Set(present)];
  return {
    name,
    ticks: ticks.map((v) => ({ at: share(v), label: spec.text(Number(v.toPrecision(6))) })),
    absent: present.length < values.length ? { at: ABSENT_AT, label: spec.absentLabel } : undefined,
    at: (trial) => {
      const value = spec.of(trial);
      return value === undefined ? ABSENT_AT : share(value);
    },
  };
}

function extent(values: number[]): { low: number; high: number } {
  let [low, high] = [Infinity, -Infinity];
  for (const v of values) [low, high] = [Math.min(low, v), Math.max(high, v)];
  return { low, high };
}

export function makeParallelChart(data: ReportData, brushed: (ids: Set<number> | null) => void): Chart | null {
  const axes = parallelAxes(data);
  if (axes.length < 2) return null;
  const byId = new Map(data.trials.map((t) => [t.id, t]));
  const rows = data.trials.map((trial) => ({ trial, value: axes.map((axis) => axis.at(trial)) }));
  const quality = qualityShares(data);
  const overlay = (theme: Theme): Option[] => [{
    id: 'highlight', type: 'parallel', z: 5, silent: true, lineStyle: { color: theme.recommended, width: 3, opacity: 1 }, inactiveOpacity: 1, activeOpacity: 1,
    data: rows.filter((r) => highlighted().includes(r.trial.id)).map((r) => ({ value: r.value, trial: r.trial.id })),
  }];
  const chart = new Chart({
    id: 'parallel', numTrials: data.trials.length,
    label: () => `${data.trials.length} trials over the axes ${axes.map((a) => a.name).join(', ')}`,
    height: (width) => (width < 560 ? 40 + axes.length * 62 : width < 800 ? 340 : 390),
    option: (view) => ({
      tooltip: { ...tooltipBase(view.theme), formatter: (p: { data: { trial: number } }) => { const t = byId.get(p.data.trial); return t ? trialTooltip(t, data) : ''; } },
      parallel: view.narrow
        ? { layout: 'vertical', left: 18, right: 26, top: 30, bottom: 26 }
        : { layout: 'horizontal', left: 46, right: 60, top: 46, bottom: 22 },
      parallelAxis: axes.map((axis, dim) => axisView(axis, dim, axes.length, view)),
      series: [{
        id: 'trials', type: 'parallel', smooth: 0, progressive: 0, inactiveOpacity: 0.04, activeOpacity: 0.85,
        data: rows.map((r) => ({ value: r.value, trial: r.trial.id, lineStyle: lineStyle(quality.get(r.trial.id), view.theme, rows.length) })),
      }, ...overlay(view.theme)],
    }),
  });
  chart.whenReady((instance) => {
    instance.on('mouseover', (p) => hover((p.data as { trial?: number } | undefined)?.trial ?? null, 'parallel'));
    instance.on('mouseout', () => hover(null, 'parallel'));
    instance.on('click', (p) => {
      const id = (p.data as { trial?: number } | undefined)?.trial;
      if (id !== undefined) toggle(id, 'parallel');
    });
    instance.on('axisareaselected', () => {
      const model = (instance as unknown as { getModel: () => { getSeriesByIndex: (i: number) => { getRawIndicesByActiveState: (s: string) => number[] } } }).getModel();
      const series = model.getSeriesByIndex(0);
      const active = series.getRawIndicesByActiveState('active');
      const anyRange = active.length > 0 || series.getRawIndicesByActiveState('inactive').length > 0;
      brushed(anyRange ? new Set(active.map((i) => rows[i]?.trial.id ?? -1)) : null);
    });
  });
  onHighlight(() => chart.update(overlay(chart.theme())));
  return chart;
}

function axisView(axis: ParallelAxis, dim: number, numAxes: number, { theme, narrow, width }: View): Option {
  const ticks = axis.absent ? [axis.absent, ...axis.ticks] : axis.ticks;
  const labels = new Map(ticks.map((t) => [t.at, t.label]));
  const spacing = (width - 106) / Math.max(1, numAxes - 1);
  return {
    dim, z: 6, type: 'value', name: axis.name, min: axis.absent ? ABSENT_AT - 0.04 : -0.02, max: 1.02,
    nameLocation: 'end', nameGap: narrow ? -2 : 16,
    nameTextStyle: narrow
      ? { color: theme.ink, fontFamily: FONT, fontSize: 12, fontWeight: 600, align: 'right', verticalAlign: 'bottom', padding: [0, 0, 8, 0], textBorderColor: theme.surface, textBorderWidth: 4 }
      : { color: theme.ink, fontFamily: FONT, fontSize: 12, fontWeight: 600 },
    nameTruncate: { maxWidth: narrow ? 160 : Math.max(40, spacing - 6), ellipsis: '…' },
    axisLine: { lineStyle: { color: theme.muted, width: 1.2 } },
    axisTick: { show: true, customValues: ticks.map((t) => t.at), lineStyle: { color: theme.muted } },
    axisLabel: {
      customValues: ticks.map((t) => t.at), color: theme.ink, fontFamily: FONT, fontSize: 11, hideOverlap: true,
      textBorderColor: theme.surface, textBorderWidth: 3, formatter: (v: number) => labels.get(v) ?? '',
    },
    areaSelectStyle: { width: 18, borderWidth: 1, borderColor: theme.recommended, color: theme.recommended, opacity: 0.25 },
  };
}

/** Where each trial stands between the worst (0) and the best (1) value of the first objective. */
export function qualityShares(data: ReportData): Map<number, number> {
  const objective = data.objectives[0];
  const shares = new Map<number, number>();
  if (!objective) return shares;
  const values = data.trials.flatMap((t) => known(t.objectives[objective.name]) ?? []);
  const { low, high } = extent(values);
  for (const trial of data.trials) {
    const value = known(trial.objectives[objective.name]);
    if (value === undefined) continue;
    const share = high > low ? (value - low) / (high - low) : 1;
    shares.set(trial.id, objective.direction === 'maximize' ? share : 1 - share);
  }
  return shares;
}

function lineStyle(share: number | undefined, theme: Theme, numTrials: number): Option {
  const opacity = numTrials > 300 ? 0.3 : 0.85;
  if (share === undefined) return { color: theme.stopped, width: 1, opacity: opacity * 0.7, type: 'dashed' };
  return { color: mix(theme.rampLow, theme.rampHigh, share), width: numTrials > 300 ? 1 : 1.8, opacity };
}
