/** The plots of a rerun study: heat map, points with a fit, lines, boxes and bars. */

import { makeAxis, type Axis } from '../axis.ts';
import { escapeHtml } from '../dom.ts';
import { metric, quantity } from '../format.ts';
import type { Fit, FigureGroup, HeatCell, PlotFigure } from '../replication.ts';
import { mix, type Theme } from '../theme.ts';
import { curveColour, DASHES } from './anytime_chart.ts';
import { axisOption, tooltipBase } from './common.ts';
import { Chart, FONT, type Option, type View } from './chart.ts';

const TOP_PX = 40;
const BOTTOM_PX = 52;
const LETTER_PX = 6.4;
const ROW_PX = 30;
const SYMBOLS = ['circle', 'rect', 'triangle', 'diamond', 'pin', 'arrow'];
const FIT_POINTS = 60;

/** The plot of a figure; null where it has nothing to draw. */
export function makeFigureChart(figure: PlotFigure, index: number): Chart | null {
  const id = `figure-${index}`;
  if (figure.kind === 'heatmap') return heatmap(figure, id);
  if (figure.kind === 'box' || figure.kind === 'bars') return groups(figure, id);
  return points(figure, id);
}

/** Names in even steps in place of numbers. */
function nameAxis(names: string[], reversed = false): Axis {
  const place = (i: number): number => (reversed ? names.length - 1 - i : i);
  return { log: false, min: -0.5, max: names.length - 0.5, at: (v) => v, ticks: names.map((label, i) => ({ at: place(i), label })) };
}

function shortLabel(text: string): string {
  return text.replace(/^(parameter|metric|info)\./, '').replaceAll('_', ' ');
}

function write(value: number, unit: string | undefined): string {
  return unit ? quantity(value, unit) : metric(value);
}

function leftMargin(names: string[], view: View): number {
  const longest = Math.max(4, ...names.map((n) => n.length));
  return Math.min(Math.round(longest * LETTER_PX) + 18, Math.round(view.width * 0.42));
}

// --- heat map ------------------------------------------------------------------------------------

function heatmap(figure: PlotFigure, id: string): Chart | null {
  const [columns, rows, cells] = [figure.x?.values ?? [], figure.y?.values ?? [], figure.cells ?? []];
  if (cells.length === 0) return null;
  const scale = makeScale(cells, figure.log === true);
  return new Chart({
    id, numTrials: cells.length,
    label: () => `${figure.title}. ${cells.length} cells, ${cells.filter((c) => c.value === null).length} of them empty.`,
    height: () => TOP_PX + BOTTOM_PX + Math.max(120, rows.length * 42),
    option: (view) => ({
      grid: { left: Math.max(54, leftMargin(rows, view)), right: 18, top: TOP_PX, bottom: BOTTOM_PX },
      tooltip: { ...tooltipBase(view.theme), formatter: (p: { dataIndex: number }) => heatTip(figure, cells[p.dataIndex]) },
      xAxis: { ...axisOption(nameAxis(columns), shortLabel(figure.x?.label ?? ''), false, view.theme), splitLine: { show: false } },
      yAxis: { ...axisOption(nameAxis(rows), shortLabel(figure.y?.label ?? ''), true, view.theme), splitLine: { show: false }, nameMoveOverlap: false },
      series: [{ type: 'custom', data: cells.map((c) => [c.x, c.y]), renderItem: heatCell(figure, cells, scale, view) }],
    }),
  });
}

/** Where a value lies between the least and the most, 0 to 1. */
function makeScale(cells: HeatCell[], log: boolean): (value: number) => number {
  const values = cells.flatMap((c) => (c.value === null ? [] : [c.value]));
  const turn = log && values.every((v) => v > 0) ? Math.log : (v: number) => v;
  const [low, high] = [Math.min(...values.map(turn)), Math.max(...values.map(turn))];
  return (value) => (high > low ? (turn(value) - low) / (high - low) : 0.5);
}

interface Api {
  coord: (point: [number, number]) => [number, number];
}

function heatCell(figure: PlotFigure, cells: HeatCell[], scale: (value: number) => number, view: View) {
  return (params: { dataIndex: number }, api: Api): Option => {
    const cell = cells[params.dataIndex] as HeatCell;
    const [left, top] = api.coord([cell.x - 0.5, cell.y + 0.5]);
    const [right, bottom] = api.coord([cell.x + 0.5, cell.y - 0.5]);
    const shape = { x: left + 1, y: top + 1, width: right - left - 2, height: bottom - top - 2, r: 3 };
    const share = cell.value === null ? 0 : scale(cell.value);
    const fill = cell.value === null ? view.theme.surface : mix(view.theme.rampLow, view.theme.rampHigh, share);
    const style = { fill, stroke: cell.value === null ? view.theme.line : fill, lineWidth: 1, lineDash: cell.value === null ? [3, 3] : undefined };
    const text = cell.value === null ? '–' : write(cell.value, figure.unit);
    return {
      type: 'group',
      children: [
        { type: 'rect', shape, style },
        {
          type: 'text', silent: true,
          style: {
            text, x: (left + right) / 2, y: (top + bottom) / 2, align: 'center', verticalAlign: 'middle',
            font: `${view.narrow ? 9 : 12}px ${FONT}`, fill: cell.value === null ? view.theme.muted : inkOn(fill),
          },
        },
      ],
    };
  };
}

/** Black or white, whichever can be read on the colour. */
function inkOn(colour: string): string {
  const channel = (at: number): number => parseInt(colour.slice(at, at + 2), 16);
  return 0.299 * channel(1) + 0.587 * channel(3) + 0.114 * channel(5) > 140 ? '#10161d' : '#ffffff';
}

function heatTip(figure: PlotFigure, cell: HeatCell | undefined): string {
  if (!cell) return '';
  const at = `${shortLabel(figure.x?.label ?? '')} ${figure.x?.values?.[cell.x] ?? ''}, ${shortLabel(figure.y?.label ?? '')} ${figure.y?.values?.[cell.y] ?? ''}`;
  const value = cell.value === null ? 'no value' : `${write(cell.value, figure.unit)}${cell.count > 1 ? `, median of ${cell.count}` : ''}`;
  const missing = cell.missing > 0 ? `<br>${cell.missing} without a value` : '';
  return `${escapeHtml(at)}<br><b>${escapeHtml(value)}</b>${missing}`;
}

// --- points and lines ----------------------------------------------------------------------------

interface Axes {
  x: Axis;
  y: Axis;
}

function points(figure: PlotFigure, id: string): Chart | null {
  const series = (figure.series ?? []).filter((s) => s.points.length > 0);
  if (series.length === 0) return null;
  const all = series.flatMap((s) => s.points);
  const axesFor = (width: number): Axes => ({
    x: makeAxis(all.map((p) => p[0]), { log: figure.x?.log === true, numTicks: Math.max(3, Math.min(8, Math.floor(width / 120))) }),
    y: makeAxis(all.map((p) => p[1]), { log: figure.y?.log === true, numTicks: 6 }),
  });
  return new Chart({
    id, numTrials: all.length,
    label: () => `${figure.title}. ${all.length} points in ${series.length} series.`,
    height: (width) => (width < 560 ? 300 : 380),
    option: (view) => {
      const axes = axesFor(view.width);
      const drawn = series.map((s, i) => (figure.kind === 'lines' ? line(s.points, s.name, i, axes, view.theme) : dots(s.points, s.name, i, axes, view.theme)));
      const fit = figure.fit ? fitLine(figure.fit, axes, view.theme) : null;
      return {
        grid: { left: view.narrow ? 56 : 64, right: 24, top: TOP_PX, bottom: BOTTOM_PX },
        tooltip: { ...tooltipBase(view.theme), formatter: (p: { seriesName: string; data: { at: [number, number] } }) => pointTip(figure, p.seriesName, p.data.at) },
        xAxis: axisOption(axes.x, shortLabel(figure.x?.label ?? ''), false, view.theme),
        yAxis: axisOption(axes.y, shortLabel(figure.y?.label ?? ''), true, view.theme),
        series: fit ? [...drawn, fit] : drawn,
      };
    },
  });
}

function placed(list: [number, number][], axes: Axes): Option[] {
  return list.map((p) => ({ value: [axes.x.at(p[0]), axes.y.at(p[1])], at: p }));
}

function dots(list: [number, number][], name: string, index: number, axes: Axes, theme: Theme): Option {
  return {
    type: 'scatter', name, data: placed(list, axes), symbol: SYMBOLS[index % SYMBOLS.length], symbolSize: 9,
    itemStyle: { color: curveColour(theme, index), borderColor: theme.surface, borderWidth: 0.8 },
  };
}

function line(list: [number, number][], name: string, index: number, axes: Axes, theme: Theme): Option {
  const colour = curveColour(theme, index);
  return {
    type: 'line', name, data: placed(list, axes), symbol: 'circle', symbolSize: 4, showSymbol: list.length < 40,
    lineStyle: { color: colour, width: 2, type: DASHES[Math.floor(index / 8) % DASHES.length] }, itemStyle: { color: colour },
  };
}

/** The fitted law from one end of the axis to the other, as far as it stays inside. */
function fitLine(fit: Fit, axes: Axes, theme: Theme): Option {
  const law = fit.factor !== undefined && fit.exponent !== undefined
    ? (x: number) => (fit.factor as number) * x ** (fit.exponent as number)
    : (x: number) => (fit.intercept ?? 0) + (fit.slope ?? 0) * x;
  const data: [number, number][] = [];
  for (let i = 0; i <= FIT_POINTS; ++i) {
    const position = axes.x.min + ((axes.x.max - axes.x.min) * i) / FIT_POINTS;
    const y = law(axes.x.log ? 10 ** position : position);
    const height = axes.y.log && y <= 0 ? NaN : axes.y.at(y);
    if (height >= axes.y.min && height <= axes.y.max) data.push([position, height]);
  }
  return { type: 'line', name: 'fit', data, silent: true, symbol: 'none', tooltip: { show: false }, lineStyle: { color: theme.recommended, width: 2, type: [6, 4] } };
}

function pointTip(figure: PlotFigure, name: string, at: [number, number] | undefined): string {
  if (!at) return '';
  const title = name ? `${escapeHtml(name)}<br>` : '';
  return `${title}${escapeHtml(shortLabel(figure.x?.label ?? 'x'))}: <b>${metric(at[0])}</b><br>${escapeHtml(shortLabel(figure.y?.label ?? 'y'))}: <b>${metric(at[1])}</b>`;
}

// --- boxes and bars ------------------------------------------------------------------------------

function groups(figure: PlotFigure, id: string): Chart | null {
  const list = figure.groups ?? [];
  if (list.length === 0) return null;
  const names = list.map((g) => g.name);
  const values = figure.kind === 'bars' ? [0, ...list.map((g) => g.mean)] : list.flatMap((g) => [g.min, g.max]);
  return new Chart({
    id, numTrials: list.length,
    label: () => `${figure.title}. ${list.map((g) => `${g.name}: ${metric(g.median)}`).join('; ')}.`,
    height: () => TOP_PX + BOTTOM_PX + list.length * ROW_PX,
    option: (view) => {
      const axis = makeAxis(values, { log: figure.kind === 'box' && figure.y?.log === true, numTicks: Math.max(3, Math.min(8, Math.floor(view.width / 130))) });
      return {
        grid: { left: leftMargin(names, view), right: 24, top: TOP_PX - 24, bottom: BOTTOM_PX },
        tooltip: { ...tooltipBase(view.theme), formatter: (p: { dataIndex: number }) => groupTip(list[p.dataIndex]) },
        xAxis: axisOption(axis, shortLabel(figure.y?.label ?? ''), false, view.theme),
        yAxis: { ...axisOption(nameAxis(names, true), '', true, view.theme), splitLine: { show: false } },
        series: [{
          type: 'custom', data: list.map((_, i) => [0, list.length - 1 - i]),
          renderItem: (p: { dataIndex: number }, api: Api) => (figure.kind === 'bars' ? bar : box)(list[p.dataIndex] as FigureGroup, list.length - 1 - p.dataIndex, axis, api, view.theme),
        }],
      };
    },
  });
}

function box(group: FigureGroup, row: number, axis: Axis, api: Api, theme: Theme): Option {
  const at = (value: number): [number, number] => api.coord([axis.at(value), row]);
  const [[min, y], [q1], [median], [q3], [max]] = [at(group.min), at(group.q1), at(group.median), at(group.q3), at(group.max)];
  const half = 8;
  const stroke = { stroke: theme.front, lineWidth: 1.6, fill: 'none' };
  const straight = (x1: number, y1: number, x2: number, y2: number, style: Option): Option => ({ type: 'line', shape: { x1, y1, x2, y2 }, style });
  return {
    type: 'group',
    children: [
      straight(min, y, max, y, stroke), straight(min, y - half / 2, min, y + half / 2, stroke), straight(max, y - half / 2, max, y + half / 2, stroke),
      { type: 'rect', shape: { x: q1, y: y - half, width: Math.max(2, q3 - q1), height: 2 * half, r: 2 }, style: { fill: theme.rampLow, stroke: theme.front, lineWidth: 1.4 } },
      straight(median, y - half, median, y + half, { stroke: theme.recommended, lineWidth: 2.4 }),
    ],
  };
}

function bar(group: FigureGroup, row: number, axis: Axis, api: Api, theme: Theme): Option {
  const [zero, y] = api.coord([axis.at(0), row]);
  const [end] = api.coord([axis.at(group.mean), row]);
  const shape = { x: Math.min(zero, end), y: y - 8, width: Math.max(1, Math.abs(end - zero)), height: 16, r: 2 };
  return { type: 'rect', shape, style: { fill: theme.front } };
}

function groupTip(group: FigureGroup | undefined): string {
  if (!group) return '';
  const rest = group.count > 1
    ? `<br>mean ${metric(group.mean)}<br>half of them ${metric(group.q1)} to ${metric(group.q3)}<br>all ${metric(group.min)} to ${metric(group.max)}<br>${group.count} values` : '';
  return `${escapeHtml(group.name)}<br>median <b>${metric(group.median)}</b>${rest}`;
}
