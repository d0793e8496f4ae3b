/** What the phases of the recommended trials cost, and how many samples a joule bought. */

import { known, type Phase, type ReportData, type Trial } from '../data.ts';
import { h } from '../dom.ts';
import { DASH, count, duration, figure, significant } from '../format.ts';
import { recommendationLabels } from '../charts/common.ts';
import { badge } from './head.ts';

export function samplesPerJoule(phase: Phase): number | undefined {
  const [samples, energy] = [known(phase.samples), known(phase.energy?.value)];
  return samples === undefined || !energy || samples === 0 ? undefined : samples / energy;
}

export function phasesTable(data: ReportData): HTMLElement | null {
  const labels = recommendationLabels(data);
  const trials = [...labels.keys()].map((id) => data.trials.find((t) => t.id === id))
    .filter((t): t is Trial => t !== undefined && t.phases.length > 0);
  if (trials.length === 0) return null;
  const rows = trials.flatMap((trial) => trial.phases.map((phase, index) => {
    const rate = samplesPerJoule(phase);
    return h('tr', index === 0 ? { class: 'group' } : {},
      index === 0 ? h('th', { scope: 'rowgroup', rowspan: trial.phases.length }, `Trial ${trial.id}`, h('span', { class: 'sub' }, ` ${labels.get(trial.id)?.toLowerCase()}`)) : null,
      h('td', {}, phase.name), h('td', { class: 'number' }, figure(phase.energy)), h('td', {}, badge(phase.energy)),
      h('td', { class: 'number' }, duration(phase.duration_s)), h('td', { class: 'number' }, count(phase.samples)),
      h('td', { class: 'number' }, rate === undefined ? DASH : significant(rate)));
  }));
  return h('div', { class: 'scroll' }, h('table', { class: 'phases' },
    h('thead', {}, h('tr', {}, ...['Trial', 'Phase', 'Energy', 'Provenance', 'Time', 'Samples', 'Samples per joule'].map((title, i) =>
      h('th', { scope: 'col', class: [2, 4, 5, 6].includes(i) ? 'number' : '' }, title)))),
    h('tbody', {}, ...rows)));
}
