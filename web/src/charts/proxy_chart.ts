/** The measured energy over a proxy, one point for each trial; where choosing by it costs more, the two trials are marked. */

import { makeAxis, type Axis } from '../axis.ts';
import { type Proxy, type ReportData, type Trial } from '../data.ts';
import { joules } from '../format.ts';
import { hover, toggle } from '../highlight.ts';
import { stateColour, type Theme } from '../theme.ts';
import { axisOption, labelOptions, markStyle, stateMark, tooltipBase, trialTooltip } from './common.ts';
import { Chart, FONT, type Option, type View } from './chart.ts';
import { spansDecade } from './front_chart.ts';

const TOP_PX = 46;
const BOTTOM_PX = 48;

export interface ProxyChart {
  chart: Chart;
  choose: (proxy: Proxy) => void;
}

interface Axes {
  x: Axis;
  y: Axis;
}

export function makeProxyChart(data: ReportData, first: Proxy): ProxyChart {
  const byId = new Map(data.trials.map((t) => [t.id, t]));
  let shown = first;
  const chart = new Chart({
    id: 'proxy', numTrials: data.trials.length,
    label: () => `Energy over ${shown.name}, ${shown.points.length} trials. ${shown.warnings.join('. ')}`,
    height: (width) => (width < 560 ? 300 : 360),
    option: (view) => {
      const axes = makeAxes(shown, view.width);
      return {
        grid: { left: view.narrow ? 56 : 64, right: view.narrow ? 14 : 24, top: TOP_PX, bottom: BOTTOM_PX },
        tooltip: { ...tooltipBase(view.theme), formatter: (p: { data: { trial?: number } }) => tip(byId.get(p.data.trial ?? -1), data) },
        xAxis: axisOption(axes.x, shown.name, false, view.theme),
        yAxis: axisOption(axes.y, 'energy', true, view.theme),
        series: [points(shown, axes, byId, view.theme), misled(shown, axes, view)],
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
  return {
    chart,
    choose: (proxy) => {
      shown = proxy;
      chart.draw();
    },
  };
}

function tip(trial: Trial | undefined, data: ReportData): string {
  return trial ? trialTooltip(trial, data) : '';
}

function makeAxes(proxy: Proxy, width: number): Axes {
  const [values, energies] = [proxy.points.map((p) => p.value), proxy.points.map((p) => p.energy)];
  return {
    x: makeAxis(values, { unit: proxy.name === 'duration' ? 's' : '', log: spansDecade(values), numTicks: Math.max(3, Math.min(8, Math.floor(width / 120))) }),
    y: makeAxis(energies, { unit: 'J', log: spansDecade(energies), numTicks: 6 }),
  };
}

function points(proxy: Proxy, axes: Axes, byId: Map<number, Trial>, theme: Theme): Option {
  return {
    id: 'trials', type: 'scatter', z: 3, cursor: 'pointer',
    data: proxy.points.map((point) => {
      const state = byId.get(point.trial)?.state ?? 'completed';
      const mark = stateMark(state);
      return {
        value: [axes.x.at(point.value), axes.y.at(point.energy)], trial: point.trial, symbol: mark.symbol, symbolSize: mark.size * 0.9,
        itemStyle: markStyle(mark, stateColour(theme, state), theme),
      };
    }),
  };
}

function misled(proxy: Proxy, axes: Axes, view: View): Option {
  const wanted: [number, string][] = proxy.misled
    ? [[proxy.misled.chosen, `chosen by ${proxy.name}`], [proxy.misled.cheapest, 'as good, cheapest']] : [];
  const marked = wanted.flatMap(([id, text]) => {
    const point = proxy.points.find((p) => p.trial === id);
    return point ? [{ point, text: `${text}: trial ${id}, ${joules(point.energy)}` }] : [];
  });
  const plot = { width: view.width - 80, height: view.height - TOP_PX - BOTTOM_PX };
  const boxes = marked.map(({ point, text }): { x: number; y: number; text: string; align: 'left' | 'right' } => {
    const x = axes.x.at(point.value);
    const share = (x - axes.x.min) / (axes.x.max - axes.x.min);
    return { x, y: axes.y.at(point.energy), text, align: share > 0.5 ? 'right' : 'left' };
  });
  const options = labelOptions(boxes, axes, plot);
  return {
    id: 'misled', type: 'scatter', z: 4, silent: true, symbol: 'circle', symbolSize: 18,
    itemStyle: { color: 'transparent', borderColor: view.theme.failed, borderWidth: 2.2 },
    label: {
      show: true, color: view.theme.ink, fontFamily: FONT, fontSize: view.narrow ? 11 : 12, fontWeight: 600,
      textBorderColor: view.theme.surface, textBorderWidth: 3,
    },
    data: marked.map(({ point }, i) => ({ value: [axes.x.at(point.value), axes.y.at(point.energy)], label: options[i] })),
  };
}
