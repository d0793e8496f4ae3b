/** The top of the page: which study this is, and the three headline cards. */

import { known, type Budget, type Figure, type Objective, type ReportData, type Trial } from '../data.ts';
import { h } from '../dom.ts';
import { DASH, PROVENANCE_MEANING, count, duration, figure, metric, moment, parameter, provenanceOf, quantity, short, words } from '../format.ts';
import { kindLabel, stateWords } from '../charts/common.ts';
import { toggle } from '../highlight.ts';

export function badge(of: Figure | undefined): HTMLElement {
  const provenance = provenanceOf(of);
  return h('span', { class: `badge provenance-${provenance}`, title: PROVENANCE_MEANING[provenance] }, provenance);
}

export function energyWords(of: Figure | undefined): HTMLElement {
  return h('span', { class: 'energy' }, figure(of), ' ', badge(of));
}

export function header(data: ReportData): HTMLElement {
  const { study } = data;
  const host = study.host;
  const machine = [host?.name, host?.cpu, known(host?.num_cores) === undefined ? '' : `${host?.num_cores} cores`, ...(host?.gpus ?? [])]
    .filter(Boolean).join(' · ');
  const facts: [string, string][] = [
    ['When', `${moment(study.started_at)}, ${duration(study.elapsed_s)}`],
    ['Machine', machine || DASH],
    ['Strategy', `${study.strategy ?? DASH}, seed ${study.seed ?? DASH}`],
    ['Command', study.command ?? DASH],
  ];
  return h('header', {},
    h('p', { class: 'brand' }, 'Wattune report'),
    h('h1', {}, study.name),
    h('p', { class: 'state' }, h('span', { class: `badge state-${study.state ?? 'unknown'}` }, study.state ?? 'unknown'), ' ', study.state_reason ?? ''),
    h('dl', { class: 'facts' }, ...facts.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value)))),
    ...(data.budgets.length > 0 ? [h('ul', { class: 'budgets', 'aria-label': 'Budgets' }, ...data.budgets.map(budgetBar))] : []));
}

function budgetBar(budget: Budget): HTMLElement {
  const used = known(budget.used);
  const unit = budget.unit ?? '';
  const say = (value: number | undefined): string =>
    unit === 'J' ? quantity(value, 'J') : unit === 's' ? duration(value) : `${short(value)} ${unit}`.trim();
  const share = used === undefined || budget.limit <= 0 ? 0 : Math.min(1, used / budget.limit);
  return h('li', {},
    h('span', {}, `${words(budget.name)} budget: ${say(used)} of ${say(budget.limit)}`),
    h('span', { class: used !== undefined && used > budget.limit ? 'meter over' : 'meter', role: 'img', 'aria-label': used === undefined ? 'use unknown' : `${Math.round(share * 100)} % used` },
      h('span', { style: `width:${(share * 100).toFixed(1)}%` })));
}

export function cards(data: ReportData): HTMLElement {
  return h('div', { class: 'cards' }, recommendationCard(data), costCard(data), savingsCard(data));
}

function objectiveList(trial: Trial, objectives: Objective[]): HTMLElement {
  return h('dl', { class: 'figures' }, ...objectives.filter((o) => o.name !== 'energy').map((o) =>
    h('div', {}, h('dt', {}, o.name), h('dd', {}, metric(trial.objectives[o.name], o.unit ?? '')))),
    h('div', {}, h('dt', {}, 'Energy so far'), h('dd', {}, energyWords(trial.energy))),
    trial.full_training_energy
      ? h('div', {}, h('dt', {}, `Full training${trial.full_training_energy.projected ? ' (projected)' : ''}`), h('dd', {}, energyWords(trial.full_training_energy)))
      : null);
}

function recommendationCard(data: ReportData): HTMLElement {
  const [first, ...others] = data.recommendations;
  const trial = data.trials.find((t) => t.id === first?.trial);
  if (!first || !trial) {
    return h('article', { class: 'card main' }, h('h2', {}, 'Recommendation'), h('p', {}, 'None yet: no trial has every objective.'));
  }
  const chips = Object.entries(trial.configuration).map(([name, value]) => h('li', {}, h('span', {}, name), ' ', h('b', {}, parameter(value))));
  return h('article', { class: 'card main' },
    h('h2', {}, 'Recommendation'),
    h('p', { class: 'big' }, `Trial ${trial.id}`, h('span', { class: 'sub' }, ` ${stateWords(trial, data)}`)),
    first.why ? h('p', {}, capital(first.why)) : null,
    h('ul', { class: 'chips', 'aria-label': 'Configuration' }, ...chips),
    objectiveList(trial, data.objectives),
    others.length > 0 ? h('ul', { class: 'others' }, ...others.map((r) =>
      h('li', {}, h('button', { type: 'button', class: 'link', onclick: () => toggle(r.trial, 'card') }, `${kindLabel(r.kind)}: trial ${r.trial}`), r.why ? ` – ${r.why}` : ''))) : null);
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function costCard(data: ReportData): HTMLElement {
  const { total, carbon, cost } = data.ledger;
  return h('article', { class: 'card', id: 'card-cost' },
    h('h2', {}, 'Energy of the search'),
    h('p', { class: 'big' }, figure(total)),
    h('p', {}, badge(total), ' ', h('span', { class: 'muted' }, PROVENANCE_MEANING[provenanceOf(total)])),
    h('dl', { class: 'figures' },
      known(carbon?.value) === undefined ? null : h('div', {}, h('dt', {}, 'Carbon'), h('dd', {}, quantity(carbon?.value, `${carbon?.unit ?? 'g'} CO₂e`))),
      known(cost?.value) === undefined ? null : h('div', {}, h('dt', {}, 'Money'), h('dd', {}, `${short(cost?.value, 3)} ${cost?.currency ?? ''}`)),
      h('div', {}, h('dt', {}, 'Trials'), h('dd', {}, trialCounts(data)))));
}

function trialCounts(data: ReportData): string {
  const counts = new Map<string, number>();
  for (const trial of data.trials) {
    const kind = trial.purpose === 'probe' && trial.state === 'completed' ? 'probes' : trial.state;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const parts = [...counts].map(([state, number]) => `${count(number)} ${state}`);
  return parts.length > 0 ? `${count(data.trials.length)}: ${parts.join(', ')}` : '0';
}

function savingsCard(data: ReportData): HTMLElement {
  const { sentence, savings } = data.ledger;
  return h('article', { class: 'card', id: 'card-savings' },
    h('h2', {}, 'Savings'),
    h('p', { class: 'sentence' }, sentence ?? 'Nothing can be said about savings yet.'),
    savings.length > 0 ? h('dl', { class: 'figures' }, ...savings.map((s) => h('div', {},
      h('dt', {}, `Against ${s.against === 'default' ? 'the default' : s.against.replaceAll('_', ' ')}${s.trial === undefined || s.trial === null ? '' : ` (trial ${s.trial})`}`),
      h('dd', {}, s.comparable === false ? `not comparable: ${s.why_not ?? 'no reason given'}` : savingWords(s.percent, s.energy, s.pays_after_trainings))))) : null);
}

function savingWords(percent: number | null | undefined, energy: Figure | undefined, trainings: number | null | undefined): string {
  const parts = [known(percent) === undefined ? figure(energy) : `${short(percent)} % less, ${figure(energy)} per training`];
  if (known(trainings) !== undefined) parts.push(`paid for after ${count(Math.ceil(trainings!))} trainings`);
  return parts.join('; ');
}
