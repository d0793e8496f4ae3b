/** The ledger as a table, with carbon and money and what they rest on. */

import { known, type ReportData } from '../data.ts';
import { h } from '../dom.ts';
import { DASH, count, figure, quantity, short, words } from '../format.ts';
import { badge } from './head.ts';

export function ledgerTable(data: ReportData): HTMLElement {
  const { entries, total } = data.ledger;
  const sum = known(total?.value);
  const share = (value: number | undefined): string =>
    value === undefined || !sum ? DASH : `${((value / sum) * 100).toFixed(1)} %`;
  const rows = entries.map((entry) => h('tr', {},
    h('th', { scope: 'row' }, h('span', { class: 'swatch', 'data-entry': entry.name }), entry.label ?? words(entry.name)),
    h('td', { class: 'number' }, figure(entry.energy)),
    h('td', { class: 'number' }, share(known(entry.energy?.value))),
    h('td', {}, badge(entry.energy)),
    h('td', { class: 'number' }, count(entry.num_trials))));
  return h('div', { class: 'scroll' }, h('table', { class: 'ledger' },
    h('thead', {}, h('tr', {}, ...['Where', 'Energy', 'Share', 'Provenance', 'Trials'].map((title, i) =>
      h('th', { scope: 'col', class: [1, 2, 4].includes(i) ? 'number' : '' }, title)))),
    h('tbody', {}, ...rows),
    h('tfoot', {}, h('tr', {}, h('th', { scope: 'row' }, 'Total'), h('td', { class: 'number' }, figure(total)),
      h('td', { class: 'number' }, sum === undefined ? DASH : '100 %'), h('td', {}, badge(total)), h('td', {})))));
}

export function carbonAndMoney(data: ReportData): HTMLElement {
  const { carbon, cost } = data.ledger;
  const lines: string[] = [];
  if (known(carbon?.value) !== undefined) {
    const basis = [carbon?.zone, carbon?.year, known(carbon?.intensity) === undefined ? '' : `${short(carbon?.intensity)} g/kWh`,
      carbon?.source, `PUE ${carbon?.pue ?? DASH}`].filter(Boolean).join(', ');
    lines.push(`Carbon: ${quantity(carbon?.value, `${carbon?.unit ?? 'g'} CO₂e`)} (${basis}).`);
  } else {
    lines.push('Carbon: – (no grid intensity was given).');
  }
  if (known(cost?.value) !== undefined) {
    lines.push(`Money: ${short(cost?.value, 3)} ${cost?.currency ?? ''} (${short(cost?.price_per_kwh)} ${cost?.currency ?? ''}/kWh, PUE ${cost?.pue ?? DASH}).`);
  } else {
    lines.push('Money: – (no price was given).');
  }
  return h('div', { class: 'basis' }, ...lines.map((line) => h('p', {}, line)));
}

