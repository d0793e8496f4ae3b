/** The table of trials: sorts, filters, and follows the trial that is highlighted in a chart. */

import { known, type ReportData, type Trial, type Value } from '../data.ts';
import { h } from '../dom.ts';
import { DASH, count, csv, duration, figure, joules, metric, parameter } from '../format.ts';
import { hover, onHighlight, selectedTrial, toggle } from '../highlight.ts';

const FIRST_ROWS = 60;
const MORE_ROWS = 500;

interface Column {
  title: string;
  number: boolean;
  value: (trial: Trial) => Value | undefined;
  text: (trial: Trial) => string;
}

export function columns(data: ReportData): Column[] {
  const unitText = (unit: string | undefined) => (v: number | null | undefined): string => metric(v, unit ?? '');
  const objectives = data.objectives.filter((o) => o.name !== 'energy').map((o): Column => ({
    title: o.name, number: true, value: (t) => known(t.objectives[o.name]), text: (t) => unitText(o.unit)(t.objectives[o.name]),
  }));
  const parameters = data.parameters.map((p): Column => ({
    title: p.name, number: p.kind === 'float' || p.kind === 'int', value: (t) => t.configuration[p.name], text: (t) => parameter(t.configuration[p.name]),
  }));
  return [
    { title: 'Trial', number: true, value: (t) => t.id, text: (t) => String(t.id) },
    { title: 'State', number: false, value: (t) => t.state, text: (t) => t.state },
    { title: 'Rung', number: true, value: (t) => known(t.rung), text: (t) => (known(t.rung) === undefined ? DASH : String(t.rung)) },
    { title: data.study.resource?.unit ? `Step (${data.study.resource.unit})` : 'Step', number: true, value: (t) => known(t.step), text: (t) => count(t.step) },
    ...objectives,
    { title: 'Energy', number: true, value: (t) => known(t.energy?.value), text: (t) => figure(t.energy) },
    { title: 'Full training', number: true, value: (t) => known(t.full_training_energy?.value), text: (t) => fullTraining(t) },
    { title: 'Time', number: true, value: (t) => known(t.duration_s), text: (t) => duration(t.duration_s) },
    ...parameters,
  ];
}

function fullTraining(trial: Trial): string {
  const text = joules(trial.full_training_energy?.value);
  return trial.full_training_energy?.projected && text !== DASH ? `≈ ${text}` : text;
}

/** Unknown values go last in both directions. */
export function compareValues(a: Value | undefined, b: Value | undefined, descending: boolean): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? 1 : -1;
  const order = typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b), 'en');
  return descending ? -order : order;
}

/** Every word of the filter must be found somewhere in the row. */
export function matches(haystack: string, filter: string): boolean {
  return filter.toLowerCase().split(/\s+/).every((word) => haystack.includes(word));
}

export class TrialsTable {
  readonly element: HTMLElement;
  private readonly columns: Column[];
  private readonly haystacks: Map<number, string>;
  private readonly body = h('tbody');
  private readonly status = h('p', { class: 'muted', role: 'status' });
  private readonly more = h('button', { type: 'button', class: 'no-print', onclick: () => this.showMore() }, 'Show more');
  private readonly heads: HTMLElement[] = [];
  private sortBy = 0;
  private descending = false;
  private filter = '';
  private brushed: Set<number> | null = null;
  private limit = FIRST_ROWS;
  private rows = new Map<number, HTMLElement>();

  constructor(private readonly data: ReportData, private readonly labels: Map<number, string>) {
    this.columns = columns(data);
    this.haystacks = new Map(data.trials.map((t) => [t.id, this.haystack(t)]));
    this.element = this.build();
    this.refresh();
    onHighlight((ids, source) => this.mark(ids, source));
  }

  /** Shows only these trials (a range drawn in the parallel coordinates), or all with null. */
  showOnly(ids: Set<number> | null): void {
    this.brushed = ids;
    this.refresh();
  }

  private haystack(trial: Trial): string {
    const pairs = Object.entries(trial.configuration).map(([name, value]) => `${name}=${parameter(value)}`);
    return [...this.columns.map((c) => c.text(trial)), trial.outcome, trial.detail, trial.origin, trial.purpose, this.labels.get(trial.id), ...pairs]
      .join(' ').toLowerCase();
  }

  private build(): HTMLElement {
    const input = h('input', { type: 'search', id: 'filter', placeholder: 'for example: paused optimizer=sgd', oninput: (e) => {
      this.filter = (e.target as HTMLInputElement).value;
      this.limit = FIRST_ROWS;
      this.refresh();
    } });
    this.columns.forEach((column, index) => {
      const button = h('button', { type: 'button', onclick: () => this.sort(index) }, column.title);
      this.heads.push(h('th', { scope: 'col', class: column.number ? 'number' : '' }, button));
    });
    const exportButton = h('button', { type: 'button', onclick: () => this.download() }, 'Export CSV');
    return h('div', {},
      h('div', { class: 'controls' }, h('span', { class: 'control grow' }, h('label', { for: 'filter' }, 'Filter'), input), exportButton),
      this.status,
      h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Table of trials' },
        h('table', { class: 'trials' }, h('thead', {}, h('tr', {}, ...this.heads)), this.body)),
      this.more);
  }

  private sort(index: number): void {
    this.descending = this.sortBy === index ? !this.descending : false;
    this.sortBy = index;
    this.refresh();
  }

  private showMore(): void {
    this.limit += MORE_ROWS;
    this.refresh();
  }

  private visible(): Trial[] {
    const column = this.columns[this.sortBy];
    return this.data.trials
      .filter((t) => (this.brushed?.has(t.id) ?? true) && matches(this.haystacks.get(t.id) ?? '', this.filter))
      .sort((a, b) => compareValues(column?.value(a), column?.value(b), this.descending) || a.id - b.id);
  }

  private refresh(): void {
    const all = this.visible();
    const shown = all.slice(0, this.limit);
    const pinned = this.data.trials.find((t) => t.id === selectedTrial());
    if (pinned && !shown.includes(pinned)) shown.unshift(pinned);
    this.rows = new Map(shown.map((t) => [t.id, this.row(t)]));
    this.body.replaceChildren(...shown.flatMap((t) => {
      const detail = this.detail(t);
      const row = this.rows.get(t.id) as HTMLElement;
      return detail ? [row, detail] : [row];
    }));
    this.heads.forEach((head, index) =>
      head.setAttribute('aria-sort', index !== this.sortBy ? 'none' : this.descending ? 'descending' : 'ascending'));
    const parts = [`${count(Math.min(this.limit, all.length))} of ${count(all.length)} trials shown`];
    if (all.length < this.data.trials.length) parts.push(`${count(this.data.trials.length)} in the study`);
    this.status.textContent = parts.join(', ');
    this.more.hidden = all.length <= this.limit;
    this.mark(selectedTrial() === null ? [] : [selectedTrial() as number], 'table');
  }

  private row(trial: Trial): HTMLElement {
    const cells = this.columns.map((column, index) => {
      if (index === 0) {
        return h('th', { scope: 'row', class: 'number' }, column.text(trial));
      }
      if (column.title === 'State') {
        const label = this.labels.get(trial.id);
        return h('td', {}, h('span', { class: `badge state-${trial.state}` }, trial.state), trial.purpose === 'probe' ? ' probe' : '',
          label ? h('span', { class: 'badge recommended' }, label) : null);
      }
      return h('td', { class: column.number ? 'number' : '' }, column.text(trial));
    });
    return h('tr', {
      'data-trial': trial.id, tabindex: 0, 'aria-selected': 'false',
      onmouseenter: () => hover(trial.id, 'table'), onmouseleave: () => hover(null, 'table'),
      onfocus: () => hover(trial.id, 'table'), onblur: () => hover(null, 'table'),
      onclick: () => toggle(trial.id, 'table'),
      onkeydown: (event) => {
        const key = (event as KeyboardEvent).key;
        if (key !== 'Enter' && key !== ' ') return;
        event.preventDefault();
        toggle(trial.id, 'table');
      },
    }, ...cells);
  }

  private detail(trial: Trial): HTMLElement | null {
    if (trial.state !== 'failed' && trial.state !== 'interrupted') return null;
    const text = (trial.detail ?? '').trim();
    return h('tr', { class: 'detail' }, h('td', {}), h('td', { colspan: this.columns.length - 1 },
      h('b', {}, (trial.outcome ?? trial.state).replaceAll('_', ' ')), text ? h('pre', {}, text) : null));
  }

  private mark(ids: number[], source: string): void {
    const selected = selectedTrial();
    if (selected !== null && source !== 'table' && !this.rows.has(selected)) this.refresh();
    for (const [id, row] of this.rows) {
      row.classList.toggle('highlight', ids.includes(id));
      row.setAttribute('aria-selected', String(id === selected));
    }
  }

  private download(): void {
    const head = ['trial', 'state', 'outcome', 'rung', 'step', ...this.data.objectives.map((o) => o.name), 'energy_j', 'energy_uncertainty_j',
      'energy_provenance', 'duration_s', ...this.data.parameters.map((p) => p.name), 'detail'];
    const rows = this.visible().map((t) => [t.id, t.state, t.outcome, known(t.rung), known(t.step), ...this.data.objectives.map((o) => known(t.objectives[o.name])),
      known(t.energy?.value), known(t.energy?.uncertainty), t.energy?.provenance, known(t.duration_s),
      ...this.data.parameters.map((p) => csvValue(t.configuration[p.name])), t.detail]);
    const link = h('a', { download: `${this.data.study.name}-trials.csv` }) as HTMLAnchorElement;
    link.href = URL.createObjectURL(new Blob([csv([head, ...rows])], { type: 'text/csv' }));
    link.click();
    URL.revokeObjectURL(link.href);
  }
}

function csvValue(value: Value | undefined): string | number | undefined {
  return typeof value === 'boolean' ? String(value) : value;
}
