/** Which parameters matter for one measure: a bar for each, with the range of its share. */

import { linearTicks, type Axis } from '../axis.ts';
import { known, type Importance } from '../data.ts';
import { escapeHtml } from '../dom.ts';
import { percent } from '../format.ts';
import { axisOption, tooltipBase } from './common.ts';
import { Chart, FONT, type Option } from './chart.ts';

const ROW_PX = 30;
const AIR_PX = 54;
const CHAR_PX = 6.6;

export interface ImportanceChart {
  chart: Chart;
  choose: (importance: Importance) => void;
}

/** From 0 to the end of the longest whisker, in round parts of a hundred. */
function shareAxis(shown: Importance, numTicks: number): Axis {
  const largest = Math.max(0.01, ...shown.parameters.map((p) => Math.max(p.share, known(p.high) ?? 0)));
  const max = Math.min(1, largest * 1.04);
  return { log: false, min: 0, max, at: (v) => v, ticks: linearTicks(0, max, numTicks).map((at) => ({ at, label: percent(at) })) };
}

function cut(name: string, width: number): string {
  const most = Math.max(6, Math.floor(width / CHAR_PX));
  return name.length > most ? `${name.slice(0, most - 1)}…` : name;
}

export function makeImportanceChart(first: Importance): ImportanceChart {
  let shown = first;
  const chart = new Chart({
    id: 'importance', numTrials: 0,
    label: () => `What ${shown.measure} depends on: ${shown.parameters.map((p) => `${p.name} ${percent(p.share)}`).join(', ')}`,
    height: () => AIR_PX + ROW_PX * shown.parameters.length,
    option: ({ theme, narrow, width }) => {
      const rows = [...shown.parameters].reverse();  // an axis of categories runs upwards
      const axis = shareAxis(shown, narrow ? 3 : 8);
      const longest = Math.max(...rows.map((p) => p.name.length));
      const left = Math.min(Math.ceil(longest * CHAR_PX) + 14, Math.floor(width * (narrow ? 0.36 : 0.25)));
      return {
        grid: { left, right: 46, top: 8, bottom: 46, outerBoundsMode: 'none' },
        tooltip: { ...tooltipBase(theme), formatter: (p: { dataIndex: number }) => tip(rows[p.dataIndex]) },
        xAxis: axisOption(axis, shown.method === 'fanova' ? 'share of the variance' : 'share of what sets the best apart', false, theme),
        yAxis: {
          type: 'category', data: rows.map((p) => p.name), axisTick: { show: false }, axisLine: { lineStyle: { color: theme.line } },
          axisLabel: { color: theme.ink, fontFamily: FONT, fontSize: 12, formatter: (name: string) => cut(name, left - 10) },
        },
        series: [
          {
            id: 'bars', type: 'bar', barWidth: 14, data: rows.map((p) => p.share), itemStyle: { color: theme.front }, animation: false,
          },
          {
            id: 'ranges', type: 'custom', silent: true, z: 5, animation: false,
            data: rows.map((p, i) => [i, known(p.low) ?? p.share, known(p.high) ?? p.share]),
            renderItem: (_: unknown, api: { value: (i: number) => number; coord: (p: number[]) => number[] }) =>
              whisker(api.coord([api.value(1), api.value(0)]), api.coord([api.value(2), api.value(0)]), theme.ink),
          },
        ],
      };
    },
  });
  return {
    chart,
    choose: (importance) => {
      shown = importance;
      chart.draw();
    },
  };
}

function tip(row: Importance['parameters'][number] | undefined): string {
  if (!row) return '';
  return `<b>${escapeHtml(row.name)}</b><br>${percent(row.share)} (${percent(row.low)} to ${percent(row.high)})`;
}

function whisker(from: number[], to: number[], stroke: string): Option {
  const [x1 = 0, y = 0] = from;
  const [x2 = 0] = to;
  const line = (a: number, b: number, c: number, d: number): Option => ({
    type: 'line', shape: { x1: a, y1: b, x2: c, y2: d }, style: { stroke, lineWidth: 1.4 },
  });
  return { type: 'group', children: [line(x1, y, x2, y), line(x1, y - 4, x1, y + 4), line(x2, y - 4, x2, y + 4)] };
}
