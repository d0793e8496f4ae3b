/** What a study knew after how many joules: of one study, and of several side by side. */

import type { Anytime, Cell, ComparisonData, ComparedStudy } from '../comparison.ts';
import { curveColour, DASHES, makeAnytimeChart, type StepCurve, type StepScene } from '../charts/anytime_chart.ts';
import { spansDecade } from '../charts/front_chart.ts';
import { known, type Objective, type ReportData } from '../data.ts';
import { checkbox, h, section, select } from '../dom.ts';
import { DASH, count, duration, joules, metric, percent } from '../format.ts';
import { currentTheme } from '../theme.ts';
import { energyWords } from './head.ts';

function oneScene(anytime: Anytime, what: string, objective: Objective): StepScene {
  const marks = anytime.marks.map((m) => ({ x: m.energy, name: m.name }));
  const end = known(anytime.end) ?? 0;
  if (what === 'hypervolume') {
    return { name: 'hypervolume', unit: '', marks, curves: [{ label: 'hypervolume', end, steps: (anytime.hypervolume ?? []).map((p) => ({ x: p.energy, y: p.value })) }] };
  }
  const steps = anytime.curve.map((p) => ({ x: p.energy, y: p.quality, note: p.trial === undefined ? '' : `trial ${p.trial}, ${duration(p.elapsed_s)} into the study` }));
  return { name: `best ${objective.name}`, unit: objective.unit ?? '', marks, curves: [{ label: objective.name, end, steps }] };
}

/** The best so far over all joules of one study. */
export function anytimeSection(data: ReportData): HTMLElement | null {
  const { anytime } = data;
  const objective = data.objectives[0];
  if (!anytime || !objective || anytime.curve.length === 0) return null;
  const values: [string, string][] = [['quality', `Best ${objective.name}`]];
  if ((anytime.hypervolume ?? []).length > 0) values.push(['hypervolume', 'Hypervolume']);
  const log = spansDecade(anytime.curve.map((p) => p.energy));
  const chart = makeAnytimeChart('anytime', oneScene(anytime, 'quality', objective), log);
  const lead = h('p', { class: 'lead' });
  const say = (what: string): void => {
    const base = 'All joules of the study count: probing, failed trials and overhead too. Upright lines are where another part of the search begins.';
    lead.textContent = what === 'hypervolume'
      ? `The volume that the front dominates below the reference point (losses ${(anytime.reference_point ?? []).map((v) => metric(v)).join(', ')}). ${base}`
      : `The best ${objective.name} that was known. ${base}${anytime.complete === false ? ' Some of the energy is missing and not in it.' : ''}`;
  };
  say('quality');
  const controls = h('div', { class: 'controls' },
    values.length > 1 ? select('Show', values, 'quality', (what) => { say(what); chart.show(oneScene(anytime, what, objective)); }) : null,
    checkbox('Logarithmic energy axis', log, (on) => chart.setLog(on)));
  return section('anytime', 'Best over joules', null, lead, controls, chart.chart.element);
}

function comparedScene(data: ComparisonData, what: string): StepScene {
  const objective = data.objectives[0] as Objective;
  const maximised = objective.direction === 'maximize';
  const best = known(data.best.quality);
  const regret = (value: number | null | undefined): number | null =>
    value === null || value === undefined || best === undefined ? null : maximised ? best - value : value - best;
  if (what === 'hypervolume') {
    const curves = data.studies.map((s): StepCurve => ({ label: s.label, end: known(s.energy?.value) ?? 0, steps: (s.hypervolume ?? []).map((p) => ({ x: p.energy, y: p.value })) }));
    return { name: 'hypervolume', unit: '', curves, marks: [] };
  }
  const turn = what === 'regret' ? regret : (value: number | null | undefined) => value ?? null;
  const curves = data.series.map((s): StepCurve => ({
    label: s.label, end: s.end,
    steps: s.curve.flatMap((p) => {
      const y = turn(p.value);
      if (y === null) return [];
      const range = s.studies.length > 1 ? { low: turn(p.worst), high: turn(p.best), note: `${p.num_known ?? 0} of ${s.studies.length} seeds have a result` } : {};
      return [{ x: p.energy, y, ...range }];
    }),
  }));
  return { name: what === 'regret' ? 'regret' : `best ${objective.name}`, unit: objective.unit ?? '', curves, marks: [] };
}

/** The lines of the chart by their colours and dashes. */
function lineLegend(labels: string[]): HTMLElement {
  return h('ul', { class: 'legend lines', 'aria-label': 'Legend' }, ...labels.map((label, index) => {
    const dash = DASHES[index % DASHES.length];
    const line = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    line.setAttribute('width', '34');
    line.setAttribute('height', '8');
    line.setAttribute('aria-hidden', 'true');
    const path = document.createElementNS('http://www.w3.org/2000/svg', 'line');
    for (const [name, value] of Object.entries({ x1: '0', x2: '34', y1: '4', y2: '4', 'stroke-width': '2' })) path.setAttribute(name, value);
    if (Array.isArray(dash)) path.setAttribute('stroke-dasharray', dash.join(' '));
    path.dataset['curve'] = String(index);
    line.append(path);
    return h('li', {}, line as unknown as HTMLElement, label);
  }));
}

export function paintLegend(): void {
  const theme = currentTheme();
  for (const line of document.querySelectorAll<SVGLineElement>('.legend.lines line')) {
    line.setAttribute('stroke', curveColour(theme, Number(line.dataset['curve'] ?? 0)));
  }
}

export function comparisonChart(data: ComparisonData): HTMLElement {
  const objective = data.objectives[0] as Objective;
  if (!data.series.some((s) => s.curve.length > 0)) {
    return section('anytime', 'Best over joules', null, h('p', { class: 'empty' }, 'No study has a result yet.'));
  }
  const values: [string, string][] = [['quality', `Best ${objective.name}`]];
  if (known(data.best.quality) !== undefined) values.push(['regret', 'Regret']);
  if (data.reference_point.length > 0) values.push(['hypervolume', 'Hypervolume']);
  const log = spansDecade(data.series.flatMap((s) => s.curve.map((p) => p.energy)));
  const chart = makeAnytimeChart('anytime', comparedScene(data, 'quality'), log);
  const lead = h('p', { class: 'lead' });
  const legend = h('div', {});
  const say = (what: string): void => {
    const range = data.grouped ? ' The thick line is the median over the seeds of a strategy, the thin ones its range.' : '';
    const told: Record<string, string> = {
      quality: `The best ${objective.name} that a study knew of after so many joules of its own, everything included.${range}`,
      regret: `How far the best ${objective.name} was behind ${metric(data.best.quality, objective.unit ?? '')}, ${data.best.given ? 'the best there is' : 'the best of those compared'}.${range}`,
      hypervolume: `The volume that the front dominates below the reference point (losses ${data.reference_point.map((v) => metric(v)).join(', ')}), study by study.`,
    };
    lead.textContent = told[what] ?? '';
    legend.replaceChildren(lineLegend(what === 'hypervolume' ? data.studies.map((s) => s.label) : data.series.map((s) => s.label)));
    paintLegend();
  };
  say('quality');
  const controls = h('div', { class: 'controls' },
    values.length > 1 ? select('Show', values, 'quality', (what) => { say(what); chart.show(comparedScene(data, what)); }) : null,
    checkbox('Logarithmic energy axis', log, (on) => chart.setLog(on)));
  return section('anytime', 'Best over joules', null, lead, controls, chart.chart.element, legend);
}

function cellWords(cell: Cell | undefined, write: (value: number) => string, missing: string): string {
  const say = (value: number | null | undefined): string => (value === null || value === undefined ? missing : write(value));
  if (!cell) return missing;
  return cell.best === undefined && cell.worst === undefined ? say(cell.value) : `${say(cell.value)} (${say(cell.best)} to ${say(cell.worst)})`;
}

/** The first column names the row; columns of words are listed, all others hold numbers. */
function table(kind: string, head: string[], rows: (string | HTMLElement)[][], words: number[] = []): HTMLElement {
  const kindOf = (column: number): string => (column === 0 || words.includes(column) ? '' : 'number');
  return h('div', { class: 'scroll' }, h('table', { class: kind },
    h('thead', {}, h('tr', {}, ...head.map((title, i) => h('th', { scope: 'col', class: kindOf(i) }, title)))),
    h('tbody', {}, ...rows.map((row) => h('tr', {}, ...row.map((cell, i) =>
      i === 0 ? h('th', { scope: 'row' }, cell) : h('td', { class: kindOf(i) }, cell)))))));
}

export function comparisonTables(data: ComparisonData): HTMLElement[] {
  const objective = data.objectives[0] as Objective;
  const labels = data.series.map((s) => s.label);
  const quality = (value: number): string => metric(value, objective.unit ?? '');
  const reach = data.to_quality.map((row) => [quality(row.quality), ...row.joules.map((cell, i) => {
    const ratio = row.ratios[i];
    const words = cellWords(cell, (v) => joules(v), 'not reached');
    return i > 0 && typeof ratio === 'number' ? `${words}, ×${ratio.toFixed(2)}` : words;
  })]);
  const known_ = data.at_joules.map((row) => [joules(row.joules), ...row.qualities.map((cell) => cellWords(cell, quality, DASH))]);
  if (data.area) {
    known_.push([`mean, ${joules(data.area.from)} to ${joules(data.area.to)}`, ...data.area.mean_qualities.map((cell) => cellWords(cell, quality, DASH))]);
  }
  const ranges = data.grouped ? ' Medians over the seeds of a strategy, with the best and the worst seed in brackets.' : '';
  return [
    section('to-quality', 'Joules until a quality was reached', `And how many times those of ${labels[0] ?? 'the first'}.${ranges}`, table('to-quality', [objective.name, ...labels], reach)),
    section('at-joules', `Best ${objective.name} after the same joules`, `A dash where nothing was known yet.${ranges}`, table('at-joules', ['Joules', ...labels], known_)),
  ];
}

function bestWords(study: ComparedStudy): string {
  if (!study.best) return DASH;
  return Object.entries(study.best.metrics).map(([name, value]) => `${name} ${metric(value)}`).join(', ');
}

export function studiesTable(data: ComparisonData): HTMLElement {
  const rows = data.studies.map((study) => {
    const saving = data.savings.find((s) => s.study === study.label);
    const saved = saving === undefined ? DASH : saving.comparable ? percent((saving.percent ?? 0) / 100) : 'not comparable';
    return [study.label, study.strategy ?? DASH, String(study.seed ?? DASH), energyWords(study.energy), percent(study.stages?.['explored_share']), saved,
      duration(study.elapsed_s), count(study.num_trials), study.best ? String(study.best.trial) : DASH, bestWords(study)];
  });
  const refused = data.savings.filter((s) => !s.comparable);
  return section('studies', 'Studies', `Saved: against ${data.studies[0]?.label ?? 'the first'}, where the quality in the end is the same. Explored: the share of the joules that went into probing, short trainings and failures.`,
    table('studies', ['Study', 'Strategy', 'Seed', 'Energy', 'Explored', 'Saved', 'Time', 'Trials', 'Best trial', 'Its metrics'], rows, [1, 9]),
    ...refused.map((s) => h('p', { class: 'muted' }, `${s.study} against ${s.against}: ${s.why_not ?? ''}.`)));
}

export function comparisonHeader(data: ComparisonData): HTMLElement {
  return h('header', {},
    h('p', { class: 'brand' }, 'Wattune comparison'),
    h('h1', {}, data.studies.map((s) => s.label).join(' · ')),
    ...data.warnings.map((w) => h('p', { class: 'warning', role: 'note' }, `Mind: ${w}.`)));
}
