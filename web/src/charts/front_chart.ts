/** Two objectives against each other, or the history of the only one. */

import { makeAxis, type Axis } from '../axis.ts';
import { figureOf, known, type Objective, type ReportData, type Trial } from '../data.ts';
import { joules } from '../format.ts';
import { history, stepLine, type Point } from '../front.ts';
import { highlighted, hover, onHighlight, toggle } from '../highlight.ts';
import { stateColour, type Theme } from '../theme.ts';
import { axisOption, labelOptions, markStyle, recommendationLabels, stateMark, tooltipBase, trialTooltip, withUnit } from './common.ts';
import { Chart, FONT, type Option, type View } from './chart.ts';

const TOP_PX = 52;
const BOTTOM_PX = 48;

interface Dot extends Point {
  trial: Trial;
}

interface Side {
  name: string;
  unit: string;
  /** The objective behind the side, if it is one. */
  objective: Objective | null;
}

interface Scene {
  dots: Dot[];
  line: Point[];
  x: Side;
  y: Side;
}

export interface FrontChart {
  chart: Chart;
  /** Shows the objectives with these names. */
  choose: (x: string, y: string) => void;
  setLog: (on: boolean) => void;
}

/** The side that carries energy starts logarithmic where the values span more than a decade. */
export function spansDecade(values: number[]): boolean {
  const positive = values.filter((v) => v > 0);
  return positive.length === values.length && positive.length > 1 && Math.max(...positive) / Math.min(...positive) > 10;
}

export function makeFrontChart(data: ReportData, initialLog: boolean): FrontChart {
  const byId = new Map(data.trials.map((t) => [t.id, t]));
  const labels = recommendationLabels(data);
  let [xName, yName] = [data.objectives[1]?.name ?? '', data.objectives[0]?.name ?? ''];
  let log = initialLog;
  let scene = makeScene(data, xName, yName);
  let axes = makeAxes(scene, log, 1000);

  const chart = new Chart({
    id: 'front', numTrials: data.trials.length,
    label: () => describe(scene, labels),
    height: (width) => (width < 560 ? 350 : width < 800 ? 380 : 450),
    option: (view) => {
      scene = makeScene(data, xName, yName);
      axes = makeAxes(scene, log, view.width);
      return {
        grid: { left: view.narrow ? 52 : 60, right: view.narrow ? 14 : 24, top: TOP_PX, bottom: BOTTOM_PX },
        tooltip: { ...tooltipBase(view.theme), formatter: (p: { data: { trial?: number } }) => tip(byId.get(p.data.trial ?? -1), data) },
        xAxis: axisOption(axes.x, withUnit(scene.x.name, scene.x.unit), false, view.theme),
        yAxis: axisOption(axes.y, withUnit(scene.y.name, scene.y.unit), true, view.theme),
        series: [lineSeries(scene, axes, view.theme), trialSeries(scene, axes, view.theme),
          recommendedSeries(scene, axes, labels, view), ...overlay(scene, axes, view.theme)],
      };
    },
  });
  chart.whenReady((instance) => {
    instance.on('mouseover', (p) => hover((p.data as { trial?: number }).trial ?? null, 'front'));
    instance.on('mouseout', () => hover(null, 'front'));
    instance.on('click', (p) => {
      const id = (p.data as { trial?: number }).trial;
      if (id !== undefined) toggle(id, 'front');
    });
  });
  onHighlight(() => chart.update(overlay(scene, axes, chart.theme())));
  return {
    chart,
    choose: (x, y) => {
      [xName, yName] = [x, y];
      chart.draw();
    },
    setLog: (on) => {
      log = on;
      chart.draw();
    },
  };
}

function tip(trial: Trial | undefined, data: ReportData): string {
  return trial ? trialTooltip(trial, data) : '';
}

function makeScene(data: ReportData, xName: string, yName: string): Scene {
  const find = (name: string): Objective | undefined => data.objectives.find((o) => o.name === name);
  const [x, y] = [find(xName), find(yName)];
  if (!y) return { dots: [], line: [], x: { name: '', unit: '', objective: null }, y: { name: '', unit: '', objective: null } };
  const ySide = { name: y.name, unit: y.unit ?? '', objective: y };
  if (!x) {
    const past = history(data.trials, y);
    const name = past.overEnergy ? 'energy of the trials so far' : 'trial';
    return { dots: past.points, line: past.best, x: { name, unit: past.overEnergy ? 'J' : '', objective: null }, y: ySide };
  }
  const dots: Dot[] = [];
  for (const trial of data.trials) {
    const [px, py] = [known(trial.objectives[x.name]), known(trial.objectives[y.name])];
    if (px !== undefined && py !== undefined) dots.push({ x: px, y: py, trial });
  }
  const onFront = new Set(data.front);
  const line = stepLine(dots.filter((d) => onFront.has(d.trial.id)), x, y);
  return { dots, line, x: { name: x.name, unit: x.unit ?? '', objective: x }, y: ySide };
}

interface Axes {
  x: Axis;
  y: Axis;
}

function makeAxes(scene: Scene, log: boolean, width: number): Axes {
  const numTicks = Math.max(3, Math.min(9, Math.floor(width / 110)));
  return {
    x: makeAxis(scene.dots.map((d) => d.x), { unit: scene.x.unit, log: log && scene.x.unit === 'J', numTicks }),
    y: makeAxis(scene.dots.map((d) => d.y), { unit: scene.y.unit, log: log && scene.y.unit === 'J', numTicks: 6 }),
  };
}

const place = (axes: Axes, point: Point): [number, number] => [axes.x.at(point.x), axes.y.at(point.y)];

function lineSeries(scene: Scene, axes: Axes, theme: Theme): Option {
  return {
    id: 'front-line', type: 'line', silent: true, symbol: 'none', z: 2,
    data: scene.line.map((p) => place(axes, p)),
    lineStyle: { color: theme.front, width: 1.8 },
  };
}

function trialSeries(scene: Scene, axes: Axes, theme: Theme): Option {
  const crowded = scene.dots.length > 300;
  return {
    id: 'trials', type: 'scatter', z: 3, cursor: 'pointer',
    data: scene.dots.map((dot) => {
      const mark = stateMark(dot.trial.state);
      return {
        value: place(axes, dot), trial: dot.trial.id, symbol: mark.symbol, symbolSize: crowded ? mark.size * 0.7 : mark.size,
        itemStyle: { ...markStyle(mark, stateColour(theme, dot.trial.state), theme), opacity: dot.trial.feasible === false ? 0.45 : 1 },
      };
    }),
  };
}

function recommendedSeries(scene: Scene, axes: Axes, labels: Map<number, string>, view: View): Option {
  const { theme } = view;
  const marked = scene.dots.filter((d) => labels.has(d.trial.id));
  const plot = { width: view.width - 80, height: view.height - TOP_PX - BOTTOM_PX };
  const options = labelOptions(marked.map((dot) => labelOf(dot, scene, axes, labels, view.narrow)), axes, plot);
  return {
    id: 'recommended', type: 'scatter', z: 4, cursor: 'pointer', symbol: 'circle', symbolSize: 19,
    itemStyle: { color: 'transparent', borderColor: theme.recommended, borderWidth: 2.4 },
    label: {
      show: true, color: theme.ink, fontFamily: FONT, fontSize: 12, fontWeight: 600,
      textBorderColor: theme.surface, textBorderWidth: 3,
    },
    data: marked.map((dot, i) => ({ value: place(axes, dot), trial: dot.trial.id, label: options[i] })),
  };
}

/** The label runs to the side that nothing dominates, so that neither points nor the line run through it. */
function labelOf(dot: Dot, scene: Scene, axes: Axes, labels: Map<number, string>, narrow: boolean): { x: number; y: number; text: string; align: 'left' | 'right' } {
  const [x, y] = place(axes, dot);
  const share = (x - axes.x.min) / (axes.x.max - axes.x.min);
  const toLeft = scene.x.objective?.direction !== 'maximize' ? share > 0.35 : share > 0.65;
  const name = labels.get(dot.trial.id) ?? '';
  return { x, y, text: narrow ? name : `${name} (${dot.trial.id})`, align: toLeft ? 'right' : 'left' };
}

/** The highlighted trials and how far their energy may be off. */
function overlay(scene: Scene, axes: Axes, theme: Theme): Option[] {
  const ids = highlighted();
  const shown = scene.dots.filter((d) => ids.includes(d.trial.id));
  const whiskers = shown.flatMap((dot) => whiskersOf(dot, scene, axes));
  return [
    {
      id: 'whiskers', type: 'custom', z: 5, silent: true, data: whiskers,
      renderItem: (_: unknown, api: { value: (i: number) => number; coord: (p: number[]) => number[] }) =>
        whisker(api.coord([api.value(0), api.value(1)]), api.coord([api.value(2), api.value(3)]), theme),
    },
    {
      id: 'highlight', type: 'scatter', z: 6, silent: true, symbol: 'circle', symbolSize: 13,
      itemStyle: { color: theme.recommended, borderColor: theme.surface, borderWidth: 1.5 },
      data: shown.map((d) => ({ value: place(axes, d), trial: d.trial.id })),
    },
  ];
}

function whiskersOf(dot: Dot, scene: Scene, axes: Axes): number[][] {
  const result: number[][] = [];
  const add = (side: Side, axis: Axis, value: number, to: (end: number) => Point): void => {
    const uncertainty = known(side.objective ? figureOf(dot.trial, side.objective.name)?.uncertainty : undefined);
    if (uncertainty === undefined || uncertainty === 0) return;
    const clamp = (v: number): number => Math.min(axis.max, Math.max(axis.min, axis.log && v <= 0 ? axis.min : axis.at(v)));
    const ends = [clamp(value - uncertainty), clamp(value + uncertainty)];
    result.push(ends.flatMap((end) => { const p = to(end); return [p.x, p.y]; }));
  };
  const [px, py] = place(axes, dot);
  add(scene.x, axes.x, dot.x, (end) => ({ x: end, y: py }));
  add(scene.y, axes.y, dot.y, (end) => ({ x: px, y: end }));
  return result;
}

function whisker(from: number[], to: number[], theme: Theme): Option {
  const [x1 = 0, y1 = 0] = from;
  const [x2 = 0, y2 = 0] = to;
  const [capX, capY] = y1 === y2 ? [0, 5] : [5, 0];
  const segment = (a: number, b: number, c: number, d: number): Option => ({
    type: 'line', shape: { x1: a, y1: b, x2: c, y2: d }, style: { stroke: theme.recommended, lineWidth: 1.6 },
  });
  return {
    type: 'group',
    children: [segment(x1, y1, x2, y2), segment(x1 - capX, y1 - capY, x1 + capX, y1 + capY), segment(x2 - capX, y2 - capY, x2 + capX, y2 + capY)],
  };
}

function describe(scene: Scene, labels: Map<number, string>): string {
  const marked = scene.dots.filter((d) => labels.has(d.trial.id)).map((d) =>
    `${labels.get(d.trial.id)}: trial ${d.trial.id}, ${scene.y.name} ${d.y}, ${scene.x.name} ${scene.x.unit === 'J' ? joules(d.x) : d.x}`);
  return `${scene.y.name} against ${scene.x.name}, ${scene.dots.length} trials. ${marked.join('. ')}`;
}
