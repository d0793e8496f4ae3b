/** One ECharts instance in the page: sizes, colours and print are handled here, what it shows by `option`. */

import { CustomChart, LinesChart, LineChart, ParallelChart, ScatterChart, BarChart } from 'echarts/charts';
import { GridComponent, ParallelComponent, TooltipComponent } from 'echarts/components';
import { init, use, type ECharts } from 'echarts/core';
import { CanvasRenderer, SVGRenderer } from 'echarts/renderers';

import { h } from '../dom.ts';
import { currentTheme, type Theme } from '../theme.ts';

use([CustomChart, LinesChart, LineChart, ParallelChart, ScatterChart, BarChart, GridComponent, ParallelComponent,
  TooltipComponent, CanvasRenderer, SVGRenderer]);

/** Above so many trials a canvas is faster than a tree of elements. */
const MAX_TRIALS_AS_SVG = 300;
const PRINT_WIDTH_PX = 676;

export type Option = Record<string, unknown>;

export interface View {
  width: number;
  height: number;
  theme: Theme;
  narrow: boolean;
}

export interface ChartSpec {
  id: string;
  /** What the chart shows, for those who cannot see it. */
  label: () => string;
  numTrials: number;
  height: (width: number) => number;
  option: (view: View) => Option;
}

const charts: Chart[] = [];
let printing = false;

export class Chart {
  readonly element: HTMLElement;
  private instance: ECharts | null = null;
  private readonly handlers: ((instance: ECharts) => void)[] = [];
  private drawnWidth = 0;

  constructor(private readonly spec: ChartSpec) {
    this.element = h('div', { class: 'chart', id: `chart-${spec.id}`, role: 'img', 'aria-label': spec.label() });
    charts.push(this);
  }

  /** Runs on the instance once it is there. */
  whenReady(handler: (instance: ECharts) => void): void {
    this.handlers.push(handler);
    if (this.instance) handler(this.instance);
  }

  /** Draws, at the width that the page gives now. */
  draw(): void {
    const width = printing ? PRINT_WIDTH_PX : this.element.clientWidth;
    if (width === 0) return;
    const height = this.spec.height(width);
    this.element.style.height = `${height}px`;
    this.drawnWidth = width;
    if (!this.instance) {
      const renderer = this.spec.numTrials > MAX_TRIALS_AS_SVG ? 'canvas' : 'svg';
      this.instance = init(this.element, null, { renderer, width, height });
      for (const handler of this.handlers) handler(this.instance);
    } else {
      this.instance.resize({ width, height, silent: true });
    }
    const view: View = { width, height, theme: currentTheme(), narrow: width < 560 };
    this.instance.setOption({ animation: false, ...this.spec.option(view) }, { notMerge: true });
    this.element.setAttribute('aria-label', this.spec.label());
    if (printing) this.instance.getZr().flush();
  }

  /** Replaces the data of series that carry an id. */
  update(series: Option[]): void {
    this.instance?.setOption({ series });
  }

  theme(): Theme {
    return currentTheme();
  }

  drawIfResized(): void {
    if (!printing && this.element.clientWidth !== this.drawnWidth) this.draw();
  }
}

let repaint = (): void => {};

export function drawAll(): void {
  repaint();
  for (const chart of charts) chart.draw();
}

/** Keeps the charts right when the window, the colour scheme or the medium changes; `colours` runs before each redraw. */
export function watchPage(colours: () => void): void {
  repaint = colours;
  const observer = new ResizeObserver(() => charts.forEach((chart) => chart.drawIfResized()));
  for (const chart of charts) observer.observe(chart.element);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll);
  const setPrinting = (on: boolean): void => {
    if (on === printing) return;
    printing = on;
    document.documentElement.toggleAttribute('data-print', on);
    drawAll();
  };
  addEventListener('beforeprint', () => setPrinting(true));
  addEventListener('afterprint', () => setPrinting(false));
  matchMedia('print').addEventListener('change', (event) => setPrinting(event.matches));
}

export const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';
