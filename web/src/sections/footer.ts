/** What every figure rests on: the channels, their uncertainty in words, and the messages of the study. */

import { known, type Channel, type ReportData } from '../data.ts';
import { h } from '../dom.ts';
import { PROVENANCE_MEANING, moment } from '../format.ts';

export function uncertaintyWords(channel: Channel): string {
  const gain = known(channel.gain_uncertainty);
  if (gain === undefined) return 'uncertainty not known';
  return `the true energy lies within ±${Math.round(gain * 1000) / 10} % of the figure, 19 times out of 20`;
}

export function footer(data: ReportData): HTMLElement {
  const channels = data.channels.map((channel) => {
    const provenance = channel.provenance ?? 'missing';
    return h('li', {},
      h('b', {}, channel.id), channel.kind ? ` (${channel.kind})` : '', ' ', h('span', { class: `badge provenance-${provenance}` }, provenance), ` ${PROVENANCE_MEANING[provenance]}; ${uncertaintyWords(channel)}.`,
      channel.source ? h('span', { class: 'source' }, ` Source: ${channel.source}`) : '');
  });
  return h('footer', {},
    h('h2', {}, 'What the figures rest on'),
    channels.length > 0 ? h('ul', { class: 'channels' }, ...channels) : h('p', {}, 'No energy channel could be read: every energy is missing.'),
    h('p', { class: 'muted' }, '± is the half width of a 95 % interval. A dash means that the value is not known.'),
    data.messages.length > 0 ? h('h2', {}, 'Messages') : null,
    data.messages.length > 0 ? h('ul', { class: 'messages' }, ...data.messages.map((m) => h('li', {}, m))) : null,
    h('p', { class: 'muted' }, `Wattune ${data.wattune ?? ''}, data of ${moment(data.study.updated_at ?? data.study.started_at)}.`));
}
