/** What the charts share: axes with our own ticks, symbols of states, the words of a tooltip. */

import type { Axis } from '../axis.ts';
import { known, type ReportData, type Trial } from '../data.ts';
import { escapeHtml } from '../dom.ts';
import { count, figure, metric, parameter, provenanceOf, words } from '../format.ts';
import { LINE_PX, spreadLabels, type LabelBox } from '../labels.ts';
import type { Theme } from '../theme.ts';
import { FONT, type Option } from './chart.ts';

/** An ECharts value axis that shows an Axis of ours. */
export function axisOption(axis: Axis, name: string, vertical: boolean, theme: Theme): Option {
  const positions = axis.ticks.map((tick) => tick.at);
  const labels = new Map(axis.ticks.map((tick) => [tick.at, tick.label]));
  return {
    type: 'value', min: axis.min, max: axis.max, name,
    nameLocation: vertical ? 'end' : 'middle',
    nameGap: vertical ? 26 : 28,
    nameTextStyle: { color: theme.muted, fontFamily: FONT, fontSize: 12, align: vertical ? 'left' : 'center', padding: vertical ? [0, 0, 0, -44] : 0 },
    axisLine: { show: !vertical, lineStyle: { color: theme.line } },
    axisTick: { show: false, customValues: positions },
    axisLabel: {
      customValues: positions, color: theme.muted, fontFamily: FONT, fontSize: 11, hideOverlap: true, showMinLabel: true, showMaxLabel: true,
      formatter: (value: number) => labels.get(value) ?? '',
    },
    splitLine: { show: true, lineStyle: { color: theme.line, width: 1 } },
  };
}

export const CROSS = 'path://M-1,-0.6L-0.6,-1L0,-0.4L0.6,-1L1,-0.6L0.4,0L1,0.6L0.6,1L0,0.4L-0.6,1L-1,0.6L-0.4,0Z';

export interface Mark {
  symbol: string;
  size: number;
  hollow: boolean;
}

/** States differ in shape as well as in colour. */
export function stateMark(state: string): Mark {
  const marks: Record<string, Mark> = {
    completed: { symbol: 'circle', size: 10, hollow: false },
    running: { symbol: 'triangle', size: 10, hollow: false },
    paused: { symbol: 'circle', size: 8, hollow: true },
    stopped: { symbol: 'rect', size: 7, hollow: true },
    interrupted: { symbol: 'triangle', size: 8, hollow: true },
    failed: { symbol: CROSS, size: 9, hollow: false },
  };
  return marks[state] ?? { symbol: 'circle', size: 8, hollow: true };
}

export function markStyle(mark: Mark, colour: string, theme: Theme): Option {
  return mark.hollow
    ? { color: theme.surface, borderColor: colour, borderWidth: 1.6 }
    : { color: colour, borderColor: theme.surface, borderWidth: 0.8 };
}

const KIND_LABELS: Record<string, string> = {
  best_quality: 'Best quality', cheapest_within_tolerance: 'Recommended', knee: 'Knee',
};

export function kindLabel(kind: string): string {
  return KIND_LABELS[kind] ?? words(kind);
}

/** What a recommended trial is called in the charts: all its kinds in one label. */
export function recommendationLabels(data: ReportData): Map<number, string> {
  const labels = new Map<number, string>();
  data.recommendations.forEach((r, index) => {
    const label = index === 0 ? 'Recommended' : kindLabel(r.kind);
    const before = labels.get(r.trial);
    labels.set(r.trial, before ? `${before} · ${label.toLowerCase()}` : label);
  });
  return labels;
}

export function tooltipBase(theme: Theme): Option {
  return {
    confine: true, backgroundColor: theme.surface, borderColor: theme.line, transitionDuration: 0,
    textStyle: { color: theme.ink, fontSize: 12, fontFamily: FONT },
    extraCssText: 'max-width:280px;white-space:normal;box-shadow:0 2px 10px rgba(0,0,0,.18)',
  };
}

export function stateWords(trial: Trial, data: ReportData): string {
  const resource = data.study.resource;
  const step = known(trial.step);
  if (step === undefined) return trial.state;
  const max = known(resource?.max);
  return `${trial.state} at ${count(step)}${max === undefined ? '' : ` of ${count(max)}`} ${resource?.unit ?? ''}`.trimEnd();
}

export function trialTooltip(trial: Trial, data: ReportData): string {
  const rows: [string, string][] = data.objectives
    .filter((o) => o.name !== 'energy')
    .map((o) => [o.name, metric(trial.objectives[o.name], o.unit ?? '')]);
  rows.push(['energy', `${figure(trial.energy)} (${provenanceOf(trial.energy)})`]);
  for (const p of data.parameters) {
    const value = trial.configuration[p.name];
    if (value !== undefined) rows.push([p.name, parameter(value)]);
  }
  const cells = rows.map(([name, value]) => `<tr><td>${escapeHtml(name)}</td><td>${escapeHtml(value)}</td></tr>`).join('');
  return `<b>Trial ${trial.id}</b><br>${escapeHtml(stateWords(trial, data))}<table class="tip">${cells}</table>`;
}

export function withUnit(name: string, unit: string | undefined): string {
  return unit && unit !== 'J' ? `${name} (${unit})` : name;
}

const LABEL_DISTANCE_PX = 6;

/** Label options for points with text above them, kept apart; `plot` is the size of the plot in pixels. */
export function labelOptions(points: { x: number; y: number; text: string; align: 'left' | 'right' }[], axes: { x: Axis; y: Axis }, plot: { width: number; height: number }): Option[] {
  const boxes = points.map((p): LabelBox => ({
    ...p, x: ((p.x - axes.x.min) / (axes.x.max - axes.x.min)) * plot.width, y: (1 - (p.y - axes.y.min) / (axes.y.max - axes.y.min)) * plot.height,
  }));
  return spreadLabels(boxes).map((lines, i) => ({
    formatter: points[i]?.text ?? '', position: 'top', align: points[i]?.align ?? 'left', distance: LABEL_DISTANCE_PX + lines * LINE_PX,
  }));
}
