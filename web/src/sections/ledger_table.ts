/** The ledger as a table, with carbon and money and what they rest on. */

import { known, type Carbon, type Cost, type Figure, type ReportData } from '../data.ts';
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
  const { carbon, cost, embodied } = data.ledger;
  const lines: string[] = [];
  if (known(carbon?.value) === undefined) {
    lines.push(`Carbon: – (${carbon?.basis ?? 'no grid intensity was given'}).`);
  } else {
    lines.push(`Carbon: ${figure(carbon as Figure, carbon?.unit ?? 'g')} CO₂e (${carbon?.basis ?? carbonBasis(carbon)}).`);
  }
  if (known(cost?.value) === undefined) {
    lines.push(`Money: – (${cost?.basis ?? 'no price was given'}).`);
  } else {
    lines.push(`Money: ${short(cost?.value, 3)}${known(cost?.uncertainty) === undefined ? '' : ` ± ${short(cost?.uncertainty, 3)}`} ${cost?.currency ?? ''} (${cost?.basis ?? costBasis(cost)}).`);
  }
  if (known(embodied?.value) !== undefined) {
    lines.push(`Making of the machine: ${quantity(embodied?.value, embodied?.unit ?? 'g')} CO₂e, not in the carbon above (${embodied?.basis ?? DASH}).`);
  }
  for (const note of data.ledger.footprint_notes ?? []) lines.push(`${note}.`);
  return h('div', { class: 'basis' }, ...lines.map((line) => h('p', {}, line)));
}

/** The figure of other books, and all that sets it apart from the ledger. */
export function carbontrackerNote(data: ReportData): HTMLElement | null {
  const { carbontracker } = data.ledger;
  if (!carbontracker) return null;
  const unit = carbontracker.unit ?? 'Wh';
  const told = known(carbontracker.value) === undefined
    ? 'unknown, as the energy of some trainings is missing'
    : `${quantity(carbontracker.value, unit)} for ${count(carbontracker.num_epochs)} epochs of training, with a PUE of ${short(carbontracker.pue)} (${quantity(carbontracker.without_pue, unit)} without)`;
  return h('div', { class: 'basis carbontracker' },
    h('p', {}, h('b', {}, `By the books of Carbontracker ${carbontracker.release ?? ''}: `), `${told}. It is no part of the table above, and differs:`),
    h('ul', {}, ...(carbontracker.differs ?? []).map((line) => h('li', {}, line))));
}

function carbonBasis(carbon: Carbon | null | undefined): string {
  return [carbon?.zone, carbon?.year, known(carbon?.intensity) === undefined ? '' : `${short(carbon?.intensity)} g/kWh`, carbon?.source,
    `PUE ${carbon?.pue ?? DASH}`].filter(Boolean).join(', ');
}

function costBasis(cost: Cost | null | undefined): string {
  return `${short(cost?.price_per_kwh)} ${cost?.currency ?? ''}/kWh, PUE ${cost?.pue ?? DASH}`;
}
