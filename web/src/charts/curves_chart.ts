/** One metric of every trial over the joules that the trial has used. */

import { makeAxis, type Axis } from '../axis.ts';
import { known, type ReportData, type Trial } from '../data.ts';
import { highlighted, hover, onHighlight, toggle } from '../highlight.ts';
import { stateColour, type Theme } from '../theme.ts';
import { axisOption, labelOptions, markStyle, recommendationLabels, stateMark, tooltipBase, trialTooltip, withUnit } from './common.ts';
import { Chart, FONT, type Option, type View } from './chart.ts';

const TOP_PX = 52;
const BOTTOM_PX = 48;

interface Curve {
  trial: Trial;
  points: [number, number][];
}

export interface CurvesChart {
  chart: Chart;
  choose: (metric: string) => void;
  setLog: (on: boolean) => void;
}

/** Every metric of any curve, the objectives among them first. */
export function curveMetrics(data: ReportData): string[] {
  const names = new Set<string>();
  for (const trial of data.trials) for (const point of trial.curve) for (const name of Object.keys(point.metrics)) names.add(name);
  const first = data.objectives.map((o) => o.name).filter((name) => names.delete(name));
  return [...first, ...[...names].sort()];
}

/** Whether any curve knows its joules; otherwise the curves run over steps. */
export function curvesOverEnergy(data: ReportData): boolean {
  return data.trials.some((t) => t.curve.some((p) => known(p.energy) !== undefined));
}

function makeCurves(data: ReportData, metric: string, overEnergy: boolean): Curve[] {
  const curves: Curve[] = [];
  for (const trial of data.trials) {
    const points: [number, number][] = [];
    for (const point of trial.curve) {
      const x = overEnergy ? known(point.energy) : point.step;
      const y = known(point.metrics[metric]);
      if (x !== undefined && y !== undefined) points.push([x, y]);
    }
    if (points.length > 0) curves.push({ trial, points });
  }
  return curves;
}

export function makeCurvesChart(data: ReportData, firstMetric: string, initialLog: boolean): CurvesChart {
  const labels = recommendationLabels(data);
  const byId = new Map(data.trials.map((t) => [t.id, t]));
  const overEnergy = curvesOverEnergy(data);
  const xName = overEnergy ? 'energy of the trial' : `step (${data.study.resource?.unit ?? 'steps'})`;
  let metric = firstMetric;
  let log = initialLog;
  let curves: Curve[] = [];
  let axes = { x: makeAxis([]), y: makeAxis([]) };
  const place = (c: Curve): number[][] => c.points.map(([x, y]) => [axes.x.at(x), axes.y.at(y)]);

  const overlay = (theme: Theme): Option[] => {
    const shown = curves.filter((c) => highlighted().includes(c.trial.id));
    return [linesSeries('highlight', shown, place, () => ({ color: theme.recommended, width: 3, opacity: 1 }), 6),
      endsSeries('highlight-ends', shown, place, () => ({ color: theme.recommended }), 7)];
  };
  const chart = new Chart({
    id: 'curves', numTrials: data.trials.length,
    label: () => `${metric} over ${xName}, one line for each of ${curves.length} trials`,
    height: (width) => (width < 560 ? 330 : width < 800 ? 350 : 410),
    option: ({ width, height, narrow, theme }) => {
      curves = makeCurves(data, metric, overEnergy);
      axes = makeAxes(curves, log, overEnergy, width);
      const others = curves.filter((c) => !labels.has(c.trial.id));
      const marked = curves.filter((c) => labels.has(c.trial.id));
      const opacity = curves.length > 300 ? 0.2 : 0.55;
      return {
        grid: { left: narrow ? 52 : 60, right: narrow ? 14 : 24, top: TOP_PX, bottom: BOTTOM_PX },
        tooltip: { ...tooltipBase(theme), formatter: (p: { data: { trial?: number } }) => { const t = byId.get(p.data.trial ?? -1); return t ? trialTooltip(t, data) : ''; } },
        xAxis: axisOption(axes.x, xName, false, theme),
        yAxis: axisOption(axes.y, withUnit(metric, ''), true, theme),
        series: [
          linesSeries('others', others, place, () => ({ color: theme.paused, width: 1.2, opacity }), 2),
          endsSeries('others-ends', others, place, (t) => ({ ...markStyle(stateMark(t.state), stateColour(theme, t.state), theme), opacity: Math.min(1, opacity + 0.3) }), 3),
          linesSeries('marked', marked, place, () => ({ color: theme.front, width: 2.4, opacity: 1 }), 4),
          endsSeries('marked-ends', marked, place, () => ({ color: theme.recommended, borderColor: theme.surface, borderWidth: 1 }), 5,
            endLabels(marked, labels, axes, { theme, width, height, narrow })),
          ...overlay(theme),
        ],
      };
    },
  });
  chart.whenReady((instance) => {
    instance.on('mouseover', (p) => hover((p.data as { trial?: number }).trial ?? null, 'curves'));
    instance.on('mouseout', () => hover(null, 'curves'));
    instance.on('click', (p) => {
      const id = (p.data as { trial?: number }).trial;
      if (id !== undefined) toggle(id, 'curves');
    });
  });
  onHighlight(() => chart.update(overlay(chart.theme())));
  return {
    chart,
    choose: (name) => {
      metric = name;
      chart.draw();
    },
    setLog: (on) => {
      log = on;
      chart.draw();
    },
  };
}

function makeAxes(curves: Curve[], log: boolean, overEnergy: boolean, width: number): { x: Axis; y: Axis } {
  const numTicks = Math.max(3, Math.min(9, Math.floor(width / 110)));
  const column = (index: 0 | 1): number[] => curves.flatMap((c) => c.points.map((p) => p[index]));
  return {
    x: makeAxis(column(0), { log, unit: overEnergy ? 'J' : '', numTicks }),
    y: makeAxis(column(1), { numTicks: 6 }),
  };
}

function endLabels(curves: Curve[], labels: Map<number, string>, axes: { x: Axis; y: Axis }, view: View): Option[] {
  const points = curves.map((curve) => {
    const [x, y] = curve.points.at(-1) ?? [0, 0];
    const at = axes.x.at(x);
    const toLeft = (at - axes.x.min) / (axes.x.max - axes.x.min) > 0.4;
    return { x: at, y: axes.y.at(y), text: labels.get(curve.trial.id) ?? '', align: toLeft ? 'right' as const : 'left' as const };
  });
  const style = {
    show: true, color: view.theme.ink, fontFamily: FONT, fontSize: 12, fontWeight: 600, textBorderColor: view.theme.surface, textBorderWidth: 3,
  };
  const plot = { width: view.width - 80, height: view.height - TOP_PX - BOTTOM_PX };
  return labelOptions(points, axes, plot).map((option) => ({ ...style, ...option }));
}

type Style = (trial: Trial) => Option;

/** A curve of one report is a dot only: its end. */
function linesSeries(id: string, curves: Curve[], place: (c: Curve) => number[][], style: Style, z: number): Option {
  return {
    id, type: 'lines', coordinateSystem: 'cartesian2d', polyline: true, z, silent: id === 'highlight', progressive: 0,
    data: curves.filter((c) => c.points.length > 1).map((c) => ({ coords: place(c), trial: c.trial.id, lineStyle: style(c.trial) })),
  };
}

function endsSeries(id: string, curves: Curve[], place: (c: Curve) => number[][], style: Style, z: number, labels?: Option[]): Option {
  return {
    id, type: 'scatter', z, silent: id.startsWith('highlight'),
    data: curves.map((c, i) => {
      const mark = stateMark(c.trial.state);
      return { value: place(c).at(-1), trial: c.trial.id, symbol: mark.symbol, symbolSize: labels ? 8 : mark.size * 0.75, itemStyle: style(c.trial), ...(labels ? { label: labels[i] } : {}) };
    }),
  };
}
