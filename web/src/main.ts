import './style.css';

import { makeLedgerChart } from './charts/ledger_chart.ts';
import { drawAll, watchPage } from './charts/chart.ts';
import { recommendationLabels, stateMark } from './charts/common.ts';
import { curveMetrics, curvesOverEnergy, makeCurvesChart } from './charts/curves_chart.ts';
import { makeFrontChart, spansDecade } from './charts/front_chart.ts';
import { makeParallelChart } from './charts/parallel_chart.ts';
import { checkComparison, isComparison, type ComparisonData } from './comparison.ts';
import { DataError, checkReport, known, readPageData, type ReportData } from './data.ts';
import { checkbox, h, section, select } from './dom.ts';
import { metric } from './format.ts';
import { clear } from './highlight.ts';
import { checkReplication, isReplication, type ReplicationData } from './replication.ts';
import { anytimeSection, comparisonChart, comparisonHeader, comparisonTables, paintLegend, studiesTable } from './sections/anytime.ts';
import { footer } from './sections/footer.ts';
import { cards, header } from './sections/head.ts';
import { importanceSection, proxiesSection } from './sections/insight.ts';
import { carbonAndMoney, carbontrackerNote, ledgerTable } from './sections/ledger_table.ts';
import { phasesTable } from './sections/phases.ts';
import { analyses, claims, experiments, figures, paintSeries, replicationFooter, replicationHeader } from './sections/replication.ts';
import { TrialsTable } from './sections/trials_table.ts';
import { currentTheme, ledgerColour } from './theme.ts';

function frontSection(data: ReportData): HTMLElement {
  const names = data.objectives.map((o) => o.name);
  const withAll = (chosen: string[]): number => data.trials.filter((t) => chosen.every((n) => known(t.objectives[n]) !== undefined)).length;
  const title = names.length === 1 ? 'Quality over energy' : 'Front';
  if (names.length === 0 || withAll(names.slice(0, 1)) === 0) {
    return section('front', title, null, h('p', { class: 'empty' }, 'No trial has reported its objectives yet.'));
  }
  const energies = data.trials.flatMap((t) => known(t.objectives['energy']) ?? []);
  const log = names.includes('energy') && spansDecade(energies);
  const front = makeFrontChart(data, log);
  let [x, y] = [names[1] ?? '', names[0] ?? ''];
  const lead = h('p', { class: 'lead' });
  const say = (): void => {
    lead.textContent = x === ''
      ? `${y} (${data.objectives[0]?.direction}) as the search used its energy; the line is the best so far.${unmetered(data)}`
      : `${withAll([x, y])} of ${data.trials.length} trials have both objectives. The line joins the trials that none beats in every objective.`;
  };
  say();
  const choose = (): void => {
    front.choose(x, y);
    say();
  };
  const options = names.map((n): [string, string] => [n, n]);
  const controls = h('div', { class: 'controls' },
    names.length > 2 ? select('Vertical', options, y, (v) => { y = v; choose(); }) : null,
    names.length > 2 ? select('Horizontal', options, x, (v) => { x = v; choose(); }) : null,
    data.objectives.some((o) => o.unit === 'J') || x === '' ? checkbox('Logarithmic energy axis', log, (on) => front.setLog(on)) : null);
  return section('front', title, null, lead, controls, front.chart.element, stateLegend(data));
}

/** Says how many trials add nothing to the joules so far because theirs are not known. */
function unmetered(data: ReportData): string {
  const number = data.trials.filter((t) => known(t.energy?.value) === undefined).length;
  return number === 0 || number === data.trials.length ? '' : ` The energy of ${number} of ${data.trials.length} trials is missing and not in it.`;
}

/** The shapes of the states that occur, drawn as in the charts. */
function stateLegend(data: ReportData): HTMLElement {
  const states = [...new Set(data.trials.map((t) => t.state))];
  const items = states.map((state) => {
    const mark = stateMark(state);
    const shape = mark.symbol === 'circle' || mark.symbol === 'rect' || mark.symbol === 'triangle' ? mark.symbol : 'cross';
    return h('li', {}, h('span', { class: `mark ${shape} ${mark.hollow ? 'hollow' : ''} of-${state}`, 'aria-hidden': 'true' }), state);
  });
  if (data.trials.some((t) => t.feasible === false)) items.push(h('li', {}, h('span', { class: 'mark circle faint', 'aria-hidden': 'true' }), 'faint: breaks a constraint'));
  if (data.recommendations.length > 0) items.push(h('li', {}, h('span', { class: 'mark ring', 'aria-hidden': 'true' }), 'recommended'));
  return h('ul', { class: 'legend', 'aria-label': 'Legend' }, ...items);
}

function curvesSection(data: ReportData): HTMLElement {
  const metrics = curveMetrics(data);
  const [first] = metrics;
  const title = 'Learning curves';
  if (first === undefined) return section('curves', title, null, h('p', { class: 'empty' }, 'No trial has reported a metric yet.'));
  const overEnergy = curvesOverEnergy(data);
  const ends = data.trials.flatMap((t) => known(t.curve.at(-1)?.energy) ?? []);
  const log = overEnergy && spansDecade(ends);
  const curves = makeCurvesChart(data, first, log);
  const controls = h('div', { class: 'controls' },
    select('Metric', metrics.map((m) => [m, m]), first, (m) => curves.choose(m)),
    overEnergy ? checkbox('Logarithmic energy axis', log, (on) => curves.setLog(on)) : null);
  const lead = overEnergy
    ? 'What each trial had reached for the joules it had used. A line that ends early was paused or stopped.'
    : 'No energy is known for the reports, so the curves run over steps.';
  return section('curves', title, lead, controls, curves.chart.element);
}

function ledgerSection(data: ReportData): HTMLElement {
  const chart = makeLedgerChart(data);
  return section('ledger', 'Ledger', 'Where every joule went; the entries add up to the total exactly.',
    chart?.element, ledgerTable(data), carbonAndMoney(data), carbontrackerNote(data));
}

function parallelSection(data: ReportData, table: TrialsTable): HTMLElement | null {
  const chart = makeParallelChart(data, (ids) => table.showOnly(ids));
  const objective = data.objectives[0];
  if (!chart || !objective) return null;
  const values = data.trials.flatMap((t) => known(t.objectives[objective.name]) ?? []);
  let [low, high] = [Infinity, -Infinity];
  for (const v of values) [low, high] = [Math.min(low, v), Math.max(high, v)];
  const [worst, best] = objective.direction === 'maximize' ? [low, high] : [high, low];
  const scale = values.length > 0
    ? h('p', { class: 'ramp' }, `${objective.name} `, metric(worst, objective.unit ?? ''), h('span', { class: 'gradient', 'aria-hidden': 'true' }), metric(best, objective.unit ?? ''))
    : null;
  return section('parallel', 'Parallel coordinates', 'One line for each trial. Draw a range on an axis to show only the trials inside it, here and in the table; a click on the axis removes it.', chart.element, scale);
}

function paintSwatches(data: ReportData): void {
  const theme = currentTheme();
  const names = data.ledger.entries.map((e) => e.name);
  for (const swatch of document.querySelectorAll<HTMLElement>('.swatch')) {
    swatch.style.background = ledgerColour(theme, swatch.dataset['entry'] ?? '', names);
  }
}

function show(page: HTMLElement, data: ReportData): void {
  document.title = `${data.study.name} – Wattune report`;
  const table = new TrialsTable(data, recommendationLabels(data));
  const phases = phasesTable(data);
  const parts = [
    header(data), cards(data), frontSection(data), anytimeSection(data), curvesSection(data), ledgerSection(data), importanceSection(data), proxiesSection(data), parallelSection(data, table),
    phases ? section('phases', 'Phases', 'Energy of the recommended trials by phase.', phases) : null,
    section('trials', 'Trials', null, table.element), footer(data),
  ];
  page.replaceChildren(...parts.filter((part): part is HTMLElement => part !== null));
  addEventListener('keydown', (event) => {
    if (event.key === 'Escape') clear('page');
  });
  watchPage(() => paintSwatches(data));
  drawAll();
}

function showComparison(page: HTMLElement, data: ComparisonData): void {
  document.title = `${data.studies.map((s) => s.label).join(', ')} – Wattune comparison`;
  page.replaceChildren(comparisonHeader(data), comparisonChart(data), ...comparisonTables(data), studiesTable(data),
    h('footer', {}, h('p', { class: 'muted' }, `± is the half width of a 95 % interval. Wattune ${data.wattune ?? ''}.`)));
  watchPage(paintLegend);
  drawAll();
}

function showReplication(page: HTMLElement, data: ReplicationData): void {
  document.title = `${data.name} – Wattune study`;
  const parts = [replicationHeader(data), claims(data), experiments(data), ...figures(data), ...analyses(data), replicationFooter(data)];
  page.replaceChildren(...parts.filter((part): part is HTMLElement => part !== null));
  watchPage(paintSeries);
  drawAll();
}

function start(): void {
  const page = document.getElementById('page');
  if (!page) return;
  try {
    const data = readPageData(document);
    if (isComparison(data)) showComparison(page, checkComparison(data));
    else if (isReplication(data)) showReplication(page, checkReplication(data));
    else show(page, checkReport(data));
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    page.replaceChildren(h('div', { class: 'card problem', role: 'alert' }, h('h1', {}, 'This report cannot be shown'), h('p', {}, error.message)));
  }
}

start();
