/** The best so far over all joules of a study: one step line for each, with the range of several seeds behind it. */

import { makeAxis, type Axis } from '../axis.ts';
import { escapeHtml } from '../dom.ts';
import { joules, metric } from '../format.ts';
import type { Theme } from '../theme.ts';
import { axisOption, tooltipBase, withUnit } from './common.ts';
import { Chart, FONT, type Option } from './chart.ts';

const TOP_PX = 52;
const BOTTOM_PX = 48;

export interface Step {
  x: number;
  y: number;
  /** The range of several seeds; null where one of them has none. */
  low?: number | null;
  high?: number | null;
  /** What stands in the tooltip beside the numbers. */
  note?: string;
}

export interface StepCurve {
  label: string;
  /** Where the joules of the study end: the line goes on to there. */
  end: number;
  steps: Step[];
}

export interface StepMark {
  x: number;
  name: string;
}

export interface StepScene {
  name: string;
  unit: string;
  curves: StepCurve[];
  marks: StepMark[];
}

export interface AnytimeChart {
  chart: Chart;
  show: (scene: StepScene) => void;
  setLog: (on: boolean) => void;
}

/** Lines differ in dash as well as in colour. */
export const DASHES: (string | number[])[] = ['solid', [7, 4], [2, 3], [10, 3, 2, 3], [4, 2], [12, 5], [1, 2], [8, 2, 1, 2, 1, 2]];

export function curveColour(theme: Theme, index: number): string {
  const colours = [theme.front, theme.recommended, theme.engine, theme.running, theme.probe, theme.failed, theme.paused, theme.final];
  return colours[index % colours.length] ?? theme.ink;
}

/** The corners of a step line, to the end of its study. */
export function corners(curve: StepCurve, pick: (step: Step) => number | null | undefined): [number, number][] {
  const points: [number, number][] = [];
  for (const step of curve.steps) {
    const y = pick(step);
    if (y === null || y === undefined) continue;
    const last = points.at(-1);
    if (last) points.push([step.x, last[1]]);
    points.push([step.x, y]);
  }
  const last = points.at(-1);
  if (last && curve.end > last[0]) points.push([curve.end, last[1]]);
  return points;
}

export function makeAnytimeChart(id: string, first: StepScene, initialLog: boolean): AnytimeChart {
  let scene = first;
  let log = initialLog;
  const chart = new Chart({
    id, numTrials: 0,
    label: () => describe(scene),
    height: (width) => (width < 560 ? 330 : width < 800 ? 350 : 410),
    option: ({ width, narrow, theme }) => {
      const axes = makeAxes(scene, log, width);
      return {
        grid: { left: narrow ? 52 : 60, right: narrow ? 14 : 24, top: TOP_PX, bottom: BOTTOM_PX },
        tooltip: { ...tooltipBase(theme), formatter: (p: { data: { tip?: string } }) => p.data.tip ?? '' },
        xAxis: axisOption(axes.x, 'energy of the whole study', false, theme),
        yAxis: axisOption(axes.y, withUnit(scene.name, scene.unit), true, theme),
        series: [
          ...scene.marks.map((mark) => markSeries(mark, axes, theme, narrow)),
          ...scene.curves.flatMap((curve, index) => rangeSeries(curve, index, axes, theme)),
          ...scene.curves.flatMap((curve, index) => curveSeries(scene, curve, index, axes, theme)),
        ],
      };
    },
  });
  return {
    chart,
    show: (next) => {
      scene = next;
      chart.draw();
    },
    setLog: (on) => {
      log = on;
      chart.draw();
    },
  };
}

interface Axes {
  x: Axis;
  y: Axis;
}

function makeAxes(scene: StepScene, log: boolean, width: number): Axes {
  const numTicks = Math.max(3, Math.min(9, Math.floor(width / 110)));
  const xs = scene.curves.flatMap((c) => [...c.steps.map((s) => s.x), ...(c.steps.length > 0 ? [c.end] : [])]);
  const ys = scene.curves.flatMap((c) => c.steps.flatMap((s) => [s.y, s.low ?? s.y, s.high ?? s.y]));
  return { x: makeAxis(log ? xs : [0, ...xs], { log, unit: 'J', numTicks }), y: makeAxis(ys, { numTicks: 6 }) };
}

function placed(points: [number, number][], axes: Axes): [number, number][] {
  return points.map(([x, y]) => [axes.x.at(x), axes.y.at(y)]);
}

function curveSeries(scene: StepScene, curve: StepCurve, index: number, axes: Axes, theme: Theme): Option[] {
  const colour = curveColour(theme, index);
  const unit = scene.unit;
  return [{
    id: `steps-${index}`, type: 'line', silent: true, symbol: 'none', z: 4,
    data: placed(corners(curve, (s) => s.y), axes),
    lineStyle: { color: colour, width: 2, type: DASHES[index % DASHES.length] },
  }, {
    id: `dots-${index}`, type: 'scatter', z: 5, symbol: 'circle', symbolSize: 7,
    data: curve.steps.map((step) => ({
      value: [axes.x.at(step.x), axes.y.at(step.y)],
      tip: `<b>${escapeHtml(curve.label)}</b><br>${escapeHtml(metric(step.y, unit))} after ${escapeHtml(joules(step.x))}${step.note ? `<br>${escapeHtml(step.note)}` : ''}`,
      itemStyle: { color: colour, borderColor: theme.surface, borderWidth: 1 },
    })),
  }];
}

/** The range over several seeds, as a band of two thin lines. */
function rangeSeries(curve: StepCurve, index: number, axes: Axes, theme: Theme): Option[] {
  if (!curve.steps.some((s) => s.low !== undefined || s.high !== undefined)) return [];
  const colour = curveColour(theme, index);
  return (['low', 'high'] as const).map((side) => ({
    id: `${side}-${index}`, type: 'line', silent: true, symbol: 'none', z: 3,
    data: placed(corners(curve, (s) => s[side]), axes),
    lineStyle: { color: colour, width: 1, opacity: 0.55, type: DASHES[index % DASHES.length] },
  }));
}

/** A thin upright line where another part of the study begins, with its name at the foot. */
function markSeries(mark: StepMark, axes: Axes, theme: Theme, narrow: boolean): Option {
  const x = axes.x.at(mark.x);
  return {
    id: `mark-${mark.name}-${mark.x}`, type: 'line', silent: true, symbol: 'none', z: 1,
    data: [[x, axes.y.max], [x, axes.y.min]],
    lineStyle: { color: theme.muted, width: 1, type: 'dashed', opacity: 0.55 },
    endLabel: { show: !narrow, formatter: mark.name, color: theme.muted, fontFamily: FONT, fontSize: 11, rotate: 90, align: 'left', verticalAlign: 'bottom', offset: [4, 9] },
  };
}

function describe(scene: StepScene): string {
  const ends = scene.curves.map((c) => {
    const last = c.steps.at(-1);
    return last ? `${c.label} ends at ${metric(last.y, scene.unit)}` : `${c.label} has no result`;
  });
  return `${scene.name} over the energy of the whole study: ${ends.join(', ')}`;
}
