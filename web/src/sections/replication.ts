/** The page of a rerun study: what the paper is, what was run, the plots, the analyses and the claims. */

import { curveColour } from '../charts/anytime_chart.ts';
import { makeFigureChart } from '../charts/figure_charts.ts';
import { h, section } from '../dom.ts';
import { count, DASH, duration, figure as figureWords, metric, words } from '../format.ts';
import type { Analysis, Cell, ExperimentRow, PlotFigure, ReplicationData } from '../replication.ts';
import { currentTheme } from '../theme.ts';
import type { Provenance } from '../data.ts';

const MOST_ROWS = 60;

export function replicationHeader(data: ReplicationData): HTMLElement {
  const { paper } = data;
  const source = [paper.authors, paper.venue].flatMap((text) => (text ? [text.replace(/\.$/, '')] : [])).join('. ');
  return h('header', {},
    h('p', { class: 'brand' }, `Wattune study, scale ${data.scale}`),
    h('h1', {}, data.title),
    data.about ? h('p', { class: 'lead' }, data.about) : null,
    h('p', {}, 'After ', h('cite', {}, paper.title), source ? `. ${source}.` : '.', paper.link ? ` ${paper.link}` : ''));
}

/** First what came of the claims: the shortest answer that there is. */
export function claims(data: ReplicationData): HTMLElement | null {
  if (data.checks.length === 0) return null;
  const of = (state: string): number => data.checks.filter((c) => c.state === state).length;
  const parts = [`${of('holds')} of ${data.checks.length} hold`];
  if (of('broken') > 0) parts.push(`${of('broken')} broken`);
  if (of('untold') > 0) parts.push(`${of('untold')} cannot be told`);
  return section('claims', 'Claims', `About the shape of the result, never about an absolute energy: ${parts.join(', ')}.`,
    h('div', { class: 'scroll' }, h('table', { class: 'claims' },
      h('tbody', {}, ...data.checks.map((check) => h('tr', {},
        h('td', {}, h('span', { class: `badge claim-${check.state}` }, check.state)),
        h('th', { scope: 'row' }, check.claim),
        h('td', { class: 'source' }, check.words ?? '')))))));
}

function provenanceOf(row: ExperimentRow): Provenance {
  return (row.energy_provenance ?? 'missing') as Provenance;
}

export function experiments(data: ReplicationData): HTMLElement {
  const row = (e: ExperimentRow): HTMLElement => h('tr', {},
    h('th', { scope: 'row' }, e.experiment, e.about ? h('div', { class: 'source' }, e.about) : null),
    h('td', { class: `state-${e.state}` }, e.state, e.state === 'failed' && e.why ? h('div', { class: 'source' }, e.why) : null),
    h('td', { class: 'number' }, count(e.trials), e.failed ? ` (${e.failed} failed)` : ''),
    h('td', { class: 'number' }, figureWords({ value: e.energy_j ?? null, uncertainty: e.energy_uncertainty_j ?? null, provenance: provenanceOf(e) }), ' ',
      h('span', { class: `badge provenance-${provenanceOf(e)}` }, provenanceOf(e))),
    h('td', { class: 'number' }, duration(e.elapsed_s)));
  return section('experiments', 'Experiments', null,
    h('div', { class: 'scroll' }, h('table', { class: 'experiments' },
      h('thead', {}, h('tr', {}, ...['experiment', 'state', 'trials', 'energy', 'time'].map((title, i) => h('th', { scope: 'col', class: i > 1 ? 'number' : '' }, title)))),
      h('tbody', {}, ...data.experiments.map(row)))));
}

/** Which colour is which series, where there are several. */
function legend(figure: PlotFigure): HTMLElement | null {
  const series = (figure.series ?? []).filter((s) => s.points.length > 0);
  if (series.length < 2) return null;
  return h('ul', { class: 'legend', 'aria-label': 'Legend' }, ...series.map((s, i) =>
    h('li', {}, h('span', { class: 'swatch', 'data-series': String(i), 'aria-hidden': 'true' }), s.name || 'all')));
}

export function paintSeries(): void {
  const theme = currentTheme();
  for (const swatch of document.querySelectorAll<HTMLElement>('.swatch[data-series]')) {
    swatch.style.background = curveColour(theme, Number(swatch.dataset['series']));
  }
}

function fitWords(figure: PlotFigure): string | null {
  const { fit } = figure;
  if (!fit) return null;
  if (fit.exponent !== undefined && fit.factor !== undefined) {
    return `Dashed: ${metric(fit.factor)} · x^${metric(fit.exponent)}, 95 % interval of the exponent ${metric(fit.low)} to ${metric(fit.high)}.`;
  }
  return `Dashed: ${metric(fit.intercept)} + ${metric(fit.slope)} · x, 95 % interval of the slope ${metric(fit.low)} to ${metric(fit.high)}.`;
}

export function figures(data: ReplicationData): HTMLElement[] {
  return data.figures.map((figure, i) => {
    const chart = makeFigureChart(figure, i);
    const notes = (figure.notes ?? []).map((note) => h('p', { class: 'warning', role: 'note' }, `Mind: ${note}.`));
    return section(`figure-section-${i}`, figure.title, chart ? fitWords(figure) : null,
      chart ? chart.element : h('p', { class: 'empty' }, 'There is nothing to draw.'), chart ? legend(figure) : null, ...notes);
  });
}

function cellWords(cell: Cell | undefined): string {
  if (cell === null || cell === undefined) return DASH;
  return typeof cell === 'number' ? metric(cell) : cell;
}

function columnTitle(name: string): string {
  return words(name.replace(/^(parameter|metric|info)\./, '')).replace(/ j$/, ', J').replace(/ s$/, ', s');
}

function analysis(data: Analysis): HTMLElement {
  const isNumber = data.columns.map((_, i) => data.rows.some((row) => typeof row[i] === 'number'));
  const from = data.of ? `From ${data.of.join(', ')}${data.where ? ` where ${data.where}` : ''}. ` : '';
  const more = data.rows.length > MOST_ROWS ? h('p', { class: 'muted' }, `And ${data.rows.length - MOST_ROWS} more rows, in summary.json.`) : null;
  const table = data.rows.length === 0 ? h('p', { class: 'empty' }, 'Nothing came of it.') : h('div', { class: 'scroll' }, h('table', {},
    h('thead', {}, h('tr', {}, ...data.columns.map((name, i) => h('th', { scope: 'col', class: isNumber[i] ? 'number' : '' }, columnTitle(name))))),
    h('tbody', {}, ...data.rows.slice(0, MOST_ROWS).map((row) => h('tr', {}, ...row.map((cell, i) => h('td', { class: isNumber[i] ? 'number' : '' }, cellWords(cell))))))));
  return section(`analysis-${data.name}`, data.title, `${from}${data.about ? `${words(data.about)}.` : ''}`, table, more,
    data.notes.length > 0 ? h('ul', { class: 'notes' }, ...data.notes.map((note) => h('li', {}, note))) : null);
}

export function analyses(data: ReplicationData): HTMLElement[] {
  return data.analyses.map(analysis);
}

export function replicationFooter(data: ReplicationData): HTMLElement {
  const place = (p: ReplicationData['provenance'][number]): HTMLElement =>
    h('li', {}, `${cellWords(p.machine)}: ${cellWords(p.cpu)}. Meters: ${cellWords(p.meters)}. Wattune ${cellWords(p.wattune)}.`);
  return h('footer', {},
    h('h2', {}, 'Where the figures come from'),
    h('ul', {}, ...data.provenance.map(place)),
    h('p', { class: 'muted' }, '± is the half width of a 95 % interval. A dash means that there is no value: not reached, not known or not comparable.'));
}
