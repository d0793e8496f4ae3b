/** What matters: importance of parameters with their interactions, and how far cheap numbers stand in for the energy. */

import { known, type Correlation, type Importance, type Proxies, type ReportData } from '../data.ts';
import { append, h, section, select } from '../dom.ts';
import { DASH, count, percent } from '../format.ts';
import { makeImportanceChart } from '../charts/importance_chart.ts';
import { makeProxyChart } from '../charts/proxy_chart.ts';

const METHODS: [string, string][] = [['fanova', 'over the whole space'], ['ped-anova', 'among the best trials']];
/** Pairs that do less together than this are not worth a line. */
const LEAST_SHARE = 0.01;
const MOST_PAIRS = 5;

function atStep(step: number | null | undefined, data: ReportData): string {
  const unit = data.study.resource?.unit;
  return known(step) === undefined || !unit || unit === 'run' ? '' : ` at ${count(step)} ${unit}`;
}

function leadOf(shown: Importance, data: ReportData): string {
  const trials = `${count(shown.num_trials)} trials${atStep(shown.step, data)}`;
  if (shown.method !== 'fanova') {
    return `What the best ${count(shown.num_good)} of ${trials} have in common, and the others have not. A line through a bar holds 90\u00a0% of the shares of resampled trials.`;
  }
  const explained = known(shown.explained);
  const told = explained === undefined ? '' : ` The forest tells ${percent(Math.max(0, explained))} of the variance among trials it has not seen.`;
  return `How much of what varies comes from each parameter alone, from ${trials}. A line through a bar holds 90\u00a0% of the trees.${told}`;
}

function notesList(notes: string[]): HTMLElement | null {
  return notes.length === 0 ? null : h('ul', { class: 'notes' }, ...notes.map((note) => h('li', {}, note)));
}

function pairsTable(shown: Importance): HTMLElement | null {
  const pairs = shown.pairs.filter((p) => p.share >= LEAST_SHARE).slice(0, MOST_PAIRS);
  if (pairs.length === 0) return null;
  // On the scale of the largest share there is, so that a small interaction does not look like a large one.
  const widest = Math.max(...pairs.map((p) => p.share), ...shown.parameters.map((p) => p.share));
  const rows = pairs.map((pair) => h('tr', {},
    h('th', { scope: 'row' }, `${pair.names[0]} × ${pair.names[1]}`),
    h('td', { class: 'number' }, percent(pair.share)),
    h('td', { class: 'number' }, `${percent(pair.low).replace(' %', '')} to ${percent(pair.high)}`),
    h('td', { class: 'barcell', 'aria-hidden': 'true' }, h('span', { class: 'bar', style: `width:${((pair.share / widest) * 100).toFixed(1)}%` }))));
  return h('div', { class: 'scroll' }, h('table', { class: 'pairs' },
    h('thead', {}, h('tr', {}, ...['Together, beyond each alone', 'Share', '90 % of trees', ''].map((title, i) =>
      h('th', { scope: 'col', class: i === 1 || i === 2 ? 'number' : '' }, title)))),
    h('tbody', {}, ...rows)));
}

export function importanceSection(data: ReportData): HTMLElement | null {
  if (data.importance.length === 0) return null;
  const measures = [...new Set(data.importance.map((i) => i.measure))];
  const methods = METHODS.filter(([method]) => data.importance.some((i) => i.method === method && i.parameters.length > 0));
  let [measure, method] = [measures[0] ?? '', methods[0]?.[0] ?? 'fanova'];
  const find = (): Importance | undefined => data.importance.find((i) => i.measure === measure && i.method === method);
  const drawn = data.importance.find((i) => i.parameters.length > 0);
  const bars = drawn ? makeImportanceChart(drawn) : null;
  const lead = h('p', { class: 'lead' });
  const below = h('div', {});
  const say = (): void => {
    const shown = find();
    const has = shown !== undefined && shown.parameters.length > 0;
    lead.textContent = has ? leadOf(shown, data) : '';
    lead.hidden = !has;
    if (bars) {
      bars.chart.element.hidden = !has;
      if (has) bars.choose(shown);
    }
    below.replaceChildren();
    if (!has) append(below, [h('p', { class: 'empty' }, `No share can be told for ${measure}.`)]);
    if (shown) append(below, [pairsTable(shown), notesList(shown.notes)]);
  };
  say();
  const controls = h('div', { class: 'controls' },
    measures.length > 1 ? select('Explain', measures.map((m) => [m, m]), measure, (m) => { measure = m; say(); }) : null,
    methods.length > 1 ? select('Where', methods, method, (m) => { method = m; say(); }) : null);
  return section('importance', 'What matters', null, controls, lead, bars?.chart.element, below);
}

function correlation(of: Correlation | null | undefined): string {
  const value = known(of?.value);
  if (value === undefined) return DASH;
  return `${value.toFixed(2)} (${(known(of?.low) ?? NaN).toFixed(2)} to ${(known(of?.high) ?? NaN).toFixed(2)})`;
}

function proxiesTable(proxies: Proxies): HTMLElement {
  const rows = proxies.entries.map((proxy) => h('tr', {},
    h('th', { scope: 'row' }, proxy.name),
    h('td', {}, proxy.warnings.length > 0
      ? h('span', { class: 'badge misleads' }, 'misleads') : h('span', { class: 'badge stands-in' }, 'stands in')),
    h('td', { class: 'number' }, correlation(proxy.spearman)),
    h('td', { class: 'number' }, correlation(proxy.pearson_of_logs)),
    h('td', { class: 'number' }, count(proxy.num_trials))));
  return h('div', { class: 'scroll' }, h('table', { class: 'proxies' },
    h('thead', {}, h('tr', {}, ...['Proxy', 'Verdict', 'Rank correlation', 'Correlation of logs', 'Trials'].map((title, i) =>
      h('th', { scope: 'col', class: i >= 2 ? 'number' : '' }, title)))),
    h('tbody', {}, ...rows)));
}

export function proxiesSection(data: ReportData): HTMLElement | null {
  const { proxies } = data;
  if (!proxies || (proxies.entries.length === 0 && proxies.notes.length === 0)) return null;
  const title = 'Proxies for the energy';
  // The one that misleads most is the one to look at.
  const [first] = [...proxies.entries].sort((a, b) => (known(b.misled?.excess) ?? 0) - (known(a.misled?.excess) ?? 0));
  if (first === undefined) return section('proxies', title, null, notesList(proxies.notes));
  const chart = makeProxyChart(data, first);
  const warnings = h('div', { class: 'warnings', role: 'status' });
  const say = (name: string): void => {
    const shown = proxies.entries.find((p) => p.name === name) ?? first;
    chart.choose(shown);
    warnings.replaceChildren(...shown.warnings.map((warning) => h('p', {}, h('strong', {}, 'It misleads: '), `${warning}.`)));
  };
  say(first.name);
  const lead = `How well cheap numbers tell the energy, over ${count(proxies.num_trials)} trials${atStep(proxies.step, data)}. In brackets: 95 % intervals. ` +
    'A proxy misleads where its rank correlation is below 0.7 in size, or where choosing by it costs more than a tenth.';
  const controls = h('div', { class: 'controls' },
    proxies.entries.length > 1 ? select('Proxy', proxies.entries.map((p) => [p.name, p.name]), first.name, say) : null);
  return section('proxies', title, lead, proxiesTable(proxies), controls, warnings, chart.chart.element, notesList(proxies.notes));
}
