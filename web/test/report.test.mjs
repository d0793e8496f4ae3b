/**
 * Looks at what the built page draws: opens dist/report.html with data in headless Chromium, without a network, and
 * reads the shapes of the charts, their pixels and the table.
 *
 * WATTUNE_CHROMIUM names another browser than /usr/bin/chromium.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';

import { chromium } from 'playwright-core';

import { COMPARISONS, FIXTURES, REPLICATIONS } from '../.build/fixtures/make_fixture.js';

const BUNDLE = readFileSync(new URL('../dist/report.html', import.meta.url), 'utf8');
const PLACEHOLDER = '<script type="application/json" id="wattune-data">null</script>';
const folder = mkdtempSync(join(tmpdir(), 'wattune-report-'));
let browser;

before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.WATTUNE_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
});

after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});

/** The page with this text as its data; what goes wrong in it is collected and asserted by `closed`. */
async function openText(text, options = {}) {
  const path = join(folder, `page-${Math.random().toString(36).slice(2)}.html`);
  writeFileSync(path, BUNDLE.replace(PLACEHOLDER, () => PLACEHOLDER.replace('null', () => text.replaceAll('<', '\\u003c'))));
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, offline: true, ...options });
  const page = await context.newPage();
  const problems = [];
  page.on('console', (message) => problems.push(`console ${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => problems.push(`error: ${error.message}`));
  page.on('request', (request) => { if (!/^(file|data|blob):/.test(request.url())) problems.push(`request: ${request.url()}`); });
  await page.goto(pathToFileURL(path).href);
  await page.waitForTimeout(150);
  return { page, problems, close: () => context.close() };
}

async function visit(name, options, look) {
  const data = typeof name === 'string' ? (FIXTURES[name] ?? COMPARISONS[name] ?? REPLICATIONS[name])() : name;
  const { page, problems, close } = await openText(JSON.stringify(data), options);
  try {
    await look(page, data);
    assert.deepEqual(problems, [], 'the page must be silent: no message, no error, no request');
  } finally {
    await close();
  }
}

/** Every shape of a chart with its place in pixels from the chart's corner, in drawing order. */
function shapes(page, chart) {
  return page.evaluate((id) => {
    const svg = document.querySelector(`#chart-${id} svg`);
    const corner = svg.getBoundingClientRect();
    return [...svg.querySelectorAll('path, text')].map((node) => {
      const box = node.getBoundingClientRect();
      const style = (name) => node.getAttribute(name) ?? node.style.getPropertyValue(name) ?? '';
      return {
        tag: node.tagName, text: node.textContent, d: node.getAttribute('d') ?? '', fill: style('fill'), stroke: style('stroke'),
        opacity: Number(style('stroke-opacity') || style('fill-opacity') || 1), strokeWidth: Number(style('stroke-width') || 1),
        x: box.x - corner.x + box.width / 2, y: box.y - corner.y + box.height / 2, left: box.x - corner.x, right: box.right - corner.x,
        top: box.y - corner.y, bottom: box.bottom - corner.y, width: box.width, height: box.height,
      };
    });
  }, chart);
}

function colours(page) {
  return page.evaluate(() => {
    const style = getComputedStyle(document.documentElement);
    return Object.fromEntries(['ink', 'surface', 'completed', 'paused', 'stopped', 'failed', 'recommended', 'front', 'probe', 'final', 'engine', 'idle']
      .map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  });
}

const SCALE = { m: 1e-3, '': 1, k: 1e3, M: 1e6 };
const near = (actual, expected, tolerance, what) => assert.ok(Math.abs(actual - expected) <= tolerance, `${what}: ${actual}, expected ${expected} ± ${tolerance}`);

/** From value to pixel, learnt from two tick labels that are drawn. */
function pixelAxis(texts, along, log) {
  const ticks = texts.map((t) => {
    const match = along === 'x' ? /^([\d.]+) ([mkM]?)J$/.exec(t.text) : /^([\d.]+)$/.exec(t.text);
    return match && { value: Number(match[1]) * SCALE[match[2] ?? ''], pixel: t[along] };
  }).filter(Boolean).sort((a, b) => a.value - b.value);
  assert.ok(ticks.length >= 2, `the ${along} axis needs two labels`);
  const map = log ? Math.log10 : (v) => v;
  const [first, last] = [ticks[0], ticks.at(-1)];
  const slope = (last.pixel - first.pixel) / (map(last.value) - map(first.value));
  for (const tick of ticks) near(tick.pixel, first.pixel + slope * (map(tick.value) - map(first.value)), 2, `label ${tick.value} of the ${along} axis`);
  return (value) => first.pixel + slope * (map(value) - map(first.value));
}

/** The vertical axis of joules, linear or logarithmic, whichever its labels stand on. */
function energyAxis(drawn) {
  const ticks = drawn.filter((s) => s.tag === 'text').map((t) => ({ match: /^([\d.]+) ([mkM]?)J$/.exec(t.text), y: t.y })).filter((t) => t.match)
    .map((t) => ({ value: Number(t.match[1]) * SCALE[t.match[2] ?? ''], y: t.y })).sort((a, b) => a.value - b.value);
  assert.ok(ticks.length >= 3, 'the energy axis needs three labels');
  const [first, last] = [ticks[0], ticks.at(-1)];
  const along = (map) => (value) => first.y + ((last.y - first.y) * (map(value) - map(first.value))) / (map(last.value) - map(first.value));
  const off = (map) => Math.max(...ticks.map((t) => Math.abs(along(map)(t.value) - t.y)));
  return first.value > 0 && off(Math.log10) < off((v) => v) ? along(Math.log10) : along((v) => v);
}

const isMark = (s) => s.tag === 'path' && s.width >= 4 && s.width <= 14 && Math.abs(s.width - s.height) < 2;
const isRing = (s, c) => s.tag === 'path' && s.stroke === c.recommended && s.width > 16 && s.width < 26;
const known = (v) => typeof v === 'number';
const withObjectives = (data, names) => data.trials.filter((t) => names.every((n) => known(t.objectives[n])));

describe('the front', () => {
  test('draws every trial with both objectives where its values are, in the shape of its state', () =>
    visit('demo', {}, async (page, data) => {
      const c = await colours(page);
      const drawn = await shapes(page, 'front');
      const texts = drawn.filter((s) => s.tag === 'text');
      const [px, py] = [pixelAxis(texts, 'x', true), pixelAxis(texts, 'y', false)];
      const marks = drawn.filter(isMark);
      const trials = withObjectives(data, ['val_accuracy', 'energy']);
      assert.equal(marks.length, trials.length);
      for (const trial of trials) {
        const [x, y] = [px(trial.objectives.energy), py(trial.objectives.val_accuracy)];
        const mark = marks.find((m) => Math.hypot(m.x - x, m.y - y) < 2);
        assert.ok(mark, `trial ${trial.id} is drawn at ${x}, ${y}`);
        if (trial.state === 'completed') assert.equal(mark.fill, c.completed);
        else assert.deepEqual([mark.fill, mark.stroke], [c.surface, c[trial.state]], `trial ${trial.id} is hollow`);
      }
      assert.notEqual(c.paused, c.stopped);
    }));

  test('rings and names the recommended trials at their data coordinates', () =>
    visit('demo', {}, async (page, data) => {
      const c = await colours(page);
      const drawn = await shapes(page, 'front');
      const texts = drawn.filter((s) => s.tag === 'text');
      const [px, py] = [pixelAxis(texts, 'x', true), pixelAxis(texts, 'y', false)];
      const rings = drawn.filter((s) => isRing(s, c));
      const ids = [...new Set(data.recommendations.map((r) => r.trial))];
      assert.equal(rings.length, ids.length);
      for (const id of ids) {
        const { objectives } = data.trials.find((t) => t.id === id);
        const [x, y] = [px(objectives.energy), py(objectives.val_accuracy)];
        assert.ok(rings.some((r) => Math.hypot(r.x - x, r.y - y) < 2), `a ring around trial ${id}`);
        const label = texts.find((t) => t.text.includes(`(${id})`));
        assert.ok(label && Math.abs(label.y - y) < 60 && (Math.abs(label.right - x) < 12 || Math.abs(label.left - x) < 12), `a name at trial ${id}`);
      }
      assert.ok(texts.some((t) => t.text.startsWith('Recommended')));
      assert.ok(texts.some((t) => t.text.includes('est quality')));
    }));

  test('runs its line through the trials of the front, in steps', () =>
    visit('demo', {}, async (page, data) => {
      const c = await colours(page);
      const drawn = await shapes(page, 'front');
      const texts = drawn.filter((s) => s.tag === 'text');
      const [px, py] = [pixelAxis(texts, 'x', true), pixelAxis(texts, 'y', false)];
      const line = drawn.find((s) => s.stroke === c.front && s.fill === 'none' && s.width > 50);
      const corners = [...line.d.matchAll(/[ML]([\d.]+) ([\d.]+)/g)].map((m) => [Number(m[1]), Number(m[2])]);
      assert.equal(corners.length, 2 * data.front.length - 1);
      for (const id of data.front) {
        const { objectives } = data.trials.find((t) => t.id === id);
        assert.ok(corners.some(([x, y]) => Math.hypot(x - px(objectives.energy), y - py(objectives.val_accuracy)) < 2), `the line passes trial ${id}`);
      }
      corners.slice(1).forEach(([x, y], i) => assert.ok(Math.abs(x - corners[i][0]) < 0.2 || Math.abs(y - corners[i][1]) < 0.2, 'every piece is level or upright'));
    }));

  test('the energy axis changes between logarithmic and linear', () =>
    visit('demo', {}, async (page, data) => {
      await page.locator('#front').getByLabel('Logarithmic energy axis').uncheck();
      const drawn = await shapes(page, 'front');
      const px = pixelAxis(drawn.filter((s) => s.tag === 'text'), 'x', false);
      const marks = drawn.filter(isMark);
      for (const trial of withObjectives(data, ['val_accuracy', 'energy'])) assert.ok(marks.some((m) => Math.abs(m.x - px(trial.objectives.energy)) < 2));
    }));

  test('colours the pixels of a completed trial', () =>
    visit('demo', {}, async (page, data) => {
      const drawn = await shapes(page, 'front');
      const texts = drawn.filter((s) => s.tag === 'text');
      const trial = data.trials.find((t) => t.state === 'completed' && t.purpose === 'search');
      const at = { x: pixelAxis(texts, 'x', true)(trial.objectives.energy), y: pixelAxis(texts, 'y', false)(trial.objectives.val_accuracy) };
      const seen = await lookAt(page, page.locator('#chart-front'), { pixel: { x: Math.round(at.x), y: Math.round(at.y) } });
      const wanted = channels((await colours(page)).completed);
      seen.forEach((value, i) => near(value, wanted[i], 6, `channel ${i} at the centre of trial ${trial.id}`));
    }));

  test('with three objectives the axes are chosen', () =>
    visit('three_objectives', {}, async (page, data) => {
      await page.getByLabel('Horizontal').selectOption('samples_per_joule.inference');
      const drawn = await shapes(page, 'front');
      assert.equal(drawn.filter(isMark).length, withObjectives(data, ['val_accuracy', 'samples_per_joule.inference']).length);
      assert.ok(drawn.some((s) => s.text === 'samples_per_joule.inference (1/J)'));
    }));

  test('with one objective it becomes a history over the joules of the search', () =>
    visit('one_objective', {}, async (page, data) => {
      assert.equal(await page.locator('#front h2').textContent(), 'Quality over energy');
      const drawn = await shapes(page, 'front');
      const texts = drawn.filter((s) => s.tag === 'text');
      const [px, py] = [pixelAxis(texts, 'x', false), pixelAxis(texts, 'y', false)];
      const marks = drawn.filter(isMark);
      let used = 0;
      for (const trial of data.trials) {
        used += trial.energy.value;
        if (!known(trial.objectives.val_accuracy)) continue;
        assert.ok(marks.some((m) => Math.hypot(m.x - px(used), m.y - py(trial.objectives.val_accuracy)) < 2), `trial ${trial.id}`);
      }
    }));

  test('trials without an objective are left out, and the page says how many are in', () =>
    visit('failures', {}, async (page, data) => {
      const whole = withObjectives(data, ['val_accuracy', 'energy']);
      assert.ok(whole.length < data.trials.length);
      assert.equal((await shapes(page, 'front')).filter(isMark).length, whole.length);
      assert.match(await page.locator('#front .lead').textContent(), new RegExp(`^${whole.length} of ${data.trials.length} trials`));
    }));
});

describe('the learning curves', () => {
  test('draw one line for each trial with two reports and one dot for each with one', () =>
    visit('demo', {}, async (page, data) => {
      const c = await colours(page);
      const drawn = await shapes(page, 'curves');
      const lines = drawn.filter((s) => s.tag === 'path' && s.fill === 'none' && (s.stroke === c.paused || s.stroke === c.front) && s.width > 14);
      const expected = data.trials.filter((t) => t.curve.length > 1);
      assert.equal(lines.length, expected.length);
      assert.equal(drawn.filter(isMark).length, data.trials.filter((t) => t.curve.length > 0).length);
      const marked = new Set(data.recommendations.map((r) => r.trial));
      assert.equal(lines.filter((l) => l.stroke === c.front && l.strokeWidth > 2).length, expected.filter((t) => marked.has(t.id)).length);
    }));

  test('pass through the reports of the trial', () =>
    visit('demo', {}, async (page, data) => {
      const c = await colours(page);
      const drawn = await shapes(page, 'curves');
      const texts = drawn.filter((s) => s.tag === 'text');
      const [px, py] = [pixelAxis(texts, 'x', true), pixelAxis(texts, 'y', false)];
      const trial = data.trials.find((t) => t.state === 'completed' && t.purpose === 'search');
      const wanted = trial.curve.map((p) => [px(p.energy), py(p.metrics.val_accuracy)]);
      const lines = drawn.filter((s) => s.stroke === c.front && s.fill === 'none').map((s) => [...s.d.matchAll(/(-?[\d.]+) (-?[\d.]+)/g)].map((m) => [Number(m[1]), Number(m[2])]));
      assert.ok(lines.some((line) => line.length === wanted.length && line.every(([x, y], i) => Math.hypot(x - wanted[i][0], y - wanted[i][1]) < 2)), 'a line with the corners of the trial');
    }));

  test('the metric is chosen', () =>
    visit('demo', {}, async (page) => {
      await page.getByLabel('Metric').selectOption('train_loss');
      const drawn = await shapes(page, 'curves');
      assert.ok(drawn.some((s) => s.text === 'train_loss'));
      assert.ok(!drawn.some((s) => s.text === 'val_accuracy'));
    }));
});

describe('the ledger', () => {
  test('cuts the bar in the proportions of its entries, and they fill it', () =>
    visit('demo', {}, async (page, data) => {
      const entries = data.ledger.entries.filter((e) => e.energy.value > 0);
      const bars = (await shapes(page, 'ledger')).filter((s) => s.tag === 'path' && s.height > 45).sort((a, b) => a.x - b.x);
      assert.equal(bars.length, entries.length);
      const whole = bars.at(-1).right - bars[0].left;
      entries.forEach((e, i) => near(bars[i].width / whole, e.energy.value / data.ledger.total.value, 0.004, e.name));
      bars.slice(1).forEach((bar, i) => near(bar.left, bars[i].right, 1.5, 'segments touch'));
      near(whole, (await page.locator('#chart-ledger').boundingBox()).width, 16, 'the bar fills the chart');
      const microjoules = data.ledger.entries.reduce((sum, e) => sum + Math.round(e.energy.value * 1e6), 0);
      assert.equal(microjoules, Math.round(data.ledger.total.value * 1e6));
    }));

  test('the table has every entry, the shares, and carbon and money with what they rest on', () =>
    visit('demo', {}, async (page, data) => {
      const rows = await page.locator('table.ledger tbody tr').allInnerTexts();
      assert.equal(rows.length, data.ledger.entries.length);
      const shares = await page.locator('table.ledger tbody tr td:nth-child(3)').allInnerTexts();
      near(shares.reduce((sum, text) => sum + parseFloat(text), 0), 100, 0.5, 'shares');
      const basis = await page.locator('#ledger .basis').innerText();
      assert.match(basis, /Carbon: .* ± .* CO₂e/);
      for (const word of ['DEU', '2023', '381 g/kWh', 'life-cycle average', 'Our World in Data with Ember', 'PUE 1 (IT only)', '0.3 EUR/kWh',
        '1150 kg over 35040 h', 'not in the carbon above', 'has no row']) assert.ok(basis.includes(word), word);
    }));

  test('the sentence stands in the headline word for word', () =>
    visit('demo', {}, async (page, data) => assert.equal(await page.locator('#card-savings .sentence').textContent(), data.ledger.sentence)));

  test('a search has paid for itself after whole trainings, none of them half done', () =>
    visit('demo', {}, async (page, data) => {
      const wanted = data.ledger.savings.map((s) => s.pays_after_trainings).filter((n) => typeof n === 'number').map((n) => Math.ceil(n).toLocaleString('en-US'));
      const shown = [...(await page.locator('#card-savings .figures').innerText()).matchAll(/paid for after ([\d,]+) trainings/g)].map((m) => m[1]);
      assert.ok(wanted.length > 0);
      assert.deepEqual(shown, wanted);
    }));
});

describe('what matters', () => {
  const percents = (texts) => {
    const ticks = texts.map((t) => ({ match: /^([\d.]+) %$/.exec(t.text), x: t.x })).filter((t) => t.match).map((t) => ({ value: Number(t.match[1]) / 100, x: t.x }));
    const [first, last] = [ticks[0], ticks.at(-1)];
    return (value) => first.x + ((last.x - first.x) * (value - first.value)) / (last.value - first.value);
  };
  const look = async (page, data, measure, method) => {
    const shown = data.importance.find((i) => i.measure === measure && i.method === method);
    const c = await colours(page);
    const drawn = await shapes(page, 'importance');
    const texts = drawn.filter((s) => s.tag === 'text');
    const px = percents(texts);
    const bars = drawn.filter((s) => s.tag === 'path' && s.fill === c.front).sort((a, b) => a.y - b.y);
    assert.equal(bars.length, shown.parameters.length);
    const strokes = drawn.filter((s) => s.stroke === c.ink && s.height < 2);
    shown.parameters.forEach((parameter, i) => {
      near(bars[i].left, px(0), 1.5, `${parameter.name} begins at 0`);
      near(bars[i].right, px(parameter.share), 2, `${parameter.name} ends at its share`);
      near(texts.find((t) => t.text === parameter.name).y, bars[i].y, 3, `the name of ${parameter.name}`);
      const range = strokes.find((s) => Math.abs(s.y - bars[i].y) < 2);
      near(range.left, px(parameter.low), 2.5, `low of ${parameter.name}`);
      near(range.right, px(parameter.high), 2.5, `high of ${parameter.name}`);
    });
  };

  test('has a bar for each parameter, the largest first, with the range of its share', () =>
    visit('demo', {}, (page, data) => look(page, data, 'val_accuracy', 'fanova')));

  test('lists the pairs that do something together, and what is to be known of the figures', () =>
    visit('demo', {}, async (page, data) => {
      const rows = await page.locator('table.pairs tbody tr').evaluateAll((all) => all.map((r) => r.innerText.replace(/\s+/g, ' ').trim()));
      assert.deepEqual(rows, ['lr × batch_size 14 % 8 to 20 %', 'lr × width 3 % 1 to 5 %'], 'what is below 1 % is left out');
      assert.deepEqual(await page.locator('#importance .notes li').allInnerTexts(), data.importance[0].notes);
    }));

  test('the measure and the method are chosen', () =>
    visit('demo', {}, async (page, data) => {
      await page.getByLabel('Explain').selectOption('energy');
      await page.waitForTimeout(50);
      await look(page, data, 'energy', 'fanova');
      await page.getByLabel('Where', { exact: true }).selectOption('ped-anova');
      await page.waitForTimeout(50);
      await look(page, data, 'energy', 'ped-anova');
      assert.match(await page.locator('#importance .lead').innerText(), /best 5 of 24 trials at 6,250 samples/);
    }));

  test('too few trials are said in words in place of bars', () =>
    visit('demo', {}, async (page) => {
      await page.getByLabel('Where', { exact: true }).selectOption('ped-anova');
      assert.equal(await page.locator('#chart-importance').isVisible(), false);
      assert.match(await page.locator('#importance').innerText(), /No share can be told for val_accuracy[\s\S]*20 are needed/);
    }));

  test('is left out where the data has none', () =>
    visit('failures', {}, async (page) => {
      assert.equal(await page.locator('#importance, #proxies').count(), 0);
    }));
});

describe('the proxies', () => {
  const marks = (drawn) => drawn.filter((s) => s.tag === 'path' && s.width >= 4 && s.width <= 14 && Math.abs(s.width - s.height) < 2);

  test('begin with the one that misleads, its warnings, and the two trials ringed', () =>
    visit('demo', {}, async (page, data) => {
      const c = await colours(page);
      const proxy = data.proxies.entries[1];
      assert.deepEqual(await page.locator('#proxies .warnings p').allInnerTexts(), proxy.warnings.map((w) => `It misleads: ${w}.`));
      const drawn = await shapes(page, 'proxy');
      assert.equal(marks(drawn).length, proxy.points.length);
      const rings = drawn.filter((s) => s.tag === 'path' && s.stroke === c.failed && s.width > 15 && s.width < 26);
      assert.equal(rings.length, 2);
      const py = energyAxis(drawn);
      for (const id of [proxy.misled.chosen, proxy.misled.cheapest]) {
        const point = proxy.points.find((p) => p.trial === id);
        assert.ok(rings.some((ring) => Math.abs(ring.y - py(point.energy)) < 2.5), `trial ${id} is ringed at its energy`);
        assert.ok(drawn.some((s) => s.tag === 'text' && s.text.includes(`trial ${id},`)), `trial ${id} is named`);
      }
    }));

  test('another one is chosen, and its warnings go', () =>
    visit('demo', {}, async (page, data) => {
      const c = await colours(page);
      await page.getByLabel('Proxy', { exact: true }).selectOption('duration');
      await page.waitForTimeout(50);
      const drawn = await shapes(page, 'proxy');
      assert.equal(marks(drawn).length, data.proxies.entries[0].points.length);
      assert.equal(drawn.filter((s) => s.stroke === c.failed).length, 0);
      assert.equal(await page.locator('#proxies .warnings p').count(), 0);
    }));

  test('the table tells the correlations with their intervals, and the verdict', () =>
    visit('demo', {}, async (page) => {
      const rows = await page.locator('table.proxies tbody tr').evaluateAll((all) => all.map((r) => r.innerText.replace(/\s+/g, ' ').trim()));
      assert.deepEqual(rows, ['duration stands in 0.97 (0.90 to 0.99) 0.98 (0.94 to 0.99) 16',
        'parameters misleads 0.21 (-0.33 to 0.64) 0.25 (-0.28 to 0.66) 16']);
    }));
});

/** Corners of the longest path with this colour. */
async function lineOf(page, colour) {
  const lines = (await shapes(page, 'anytime')).filter((s) => s.tag === 'path' && s.stroke.toLowerCase() === colour.toLowerCase() && s.width > 20);
  return lines.sort((a, b) => b.d.length - a.d.length)[0];
}

describe('the best over joules', () => {
  test('is one line of steps to the end of the study, with a dot for each improvement', () =>
    visit('demo', {}, async (page, data) => {
      const theme = await colours(page);
      const line = await lineOf(page, theme.front);
      const corners = line.d.match(/-?[\d.]+[ ,]-?[\d.]+/g).map((c) => c.split(/[ ,]/).map(Number));
      assert.ok(corners.length > data.anytime.curve.length, 'a corner before each step as well');
      for (const [i, [x, y]] of corners.entries()) {
        const [px, py] = corners[i - 1] ?? [x, y];
        assert.ok(Math.abs(x - px) < 1 || Math.abs(y - py) < 1, `${px},${py} to ${x},${y} is neither level nor upright`);
      }
      const dots = (await shapes(page, 'anytime')).filter((s) => s.fill.toLowerCase() === theme.front.toLowerCase() && s.width < 12 && s.height < 12);
      assert.equal(dots.length, data.anytime.curve.length);
      const left = dots.map((d) => d.x).sort((a, b) => a - b);
      assert.ok(left[0] >= 60 && line.right > left.at(-1), 'the line goes on beyond the last dot');
    }));

  test('shows the hypervolume instead, and names where the parts begin', () =>
    visit('demo', {}, async (page) => {
      const texts = (await shapes(page, 'anytime')).map((s) => s.text);
      assert.ok(texts.includes('final training'), texts.join(' | '));
      await page.locator('#anytime').getByLabel('Show').selectOption('hypervolume');
      assert.match(await page.locator('#anytime .lead').innerText(), /reference point \(losses 0, 1,500\)/);
      assert.match(await page.locator('#chart-anytime').getAttribute('aria-label'), /^hypervolume over/);
    }));

  test('is left out where the data has none', () =>
    visit('large', {}, async (page) => assert.equal(await page.locator('#anytime').count(), 0)));

  test('the figure of Carbontracker stands beside the ledger with what sets it apart', () => {
    const data = FIXTURES.demo();
    data.ledger.carbontracker = { value: 0.42, without_pue: 0.27, unit: 'Wh', release: '2.0.0', pue: 1.58, num_epochs: 40, differs: ['times a PUE of 1.58; the ledger has none'] };
    return visit(data, {}, async (page) => {
      assert.match(await page.locator('.carbontracker').innerText(), /Carbontracker 2\.0\.0: 420 mWh for 40 epochs.*PUE of 1\.58 \(270 mWh without\)/);
      assert.match(await page.locator('.carbontracker li').innerText(), /PUE of 1\.58; the ledger has none/);
      assert.doesNotMatch(await page.locator('table.ledger').innerText(), /\bWh\b/);
    });
  });
});

describe('a comparison', () => {
  test('has a line for each study, and its legend in the same colours', () =>
    visit('compared', {}, async (page, data) => {
      const legend = await page.locator('.legend.lines line').evaluateAll((lines) => lines.map((l) => l.getAttribute('stroke')));
      assert.equal(legend.length, data.series.length);
      assert.equal(new Set(legend).size, legend.length);
      for (const [i, colour] of legend.entries()) {
        assert.ok(await lineOf(page, colour), `no line in ${colour}`);
        const dots = (await shapes(page, 'anytime')).filter((s) => s.fill.toLowerCase() === colour.toLowerCase() && s.width < 12);
        assert.equal(dots.length, data.series[i].curve.length);
      }
    }));

  test('tells the joules until a quality, ratios, and what was not reached', () =>
    visit('compared', {}, async (page) => {
      const rows = await page.locator('table.to-quality tbody tr').allInnerTexts();
      assert.equal(rows.length, 3);
      assert.match(rows[0], /^0\.8000\s.*J\s.*J, ×0\.\d\d/);
      assert.match(rows[2], /not reached/);
      const studies = await page.locator('table.studies').innerText();
      assert.match(studies, /not comparable/);
      assert.match(studies, /83 %/);
      assert.match(await page.locator('#studies').innerText(), /tpe against baseline: its val_accuracy of 0\.868 is 0\.038 behind/);
      assert.match(await page.locator('header .warning').innerText(), /the commands differ/);
    }));

  test('shows the regret, which ends at 0 for the best', () =>
    visit('compared', {}, async (page) => {
      await page.locator('#anytime').getByLabel('Show').selectOption('regret');
      assert.match(await page.locator('#chart-anytime').getAttribute('aria-label'), /^regret over .*baseline ends at 0,/);
      assert.match(await page.locator('#anytime .lead').innerText(), /the best of those compared/);
    }));

  test('of grouped seeds draws a median between two thin lines', () =>
    visit('grouped', {}, async (page, data) => {
      const theme = await colours(page);
      const lines = (await shapes(page, 'anytime')).filter((s) => s.tag === 'path' && s.stroke.toLowerCase() === theme.front.toLowerCase() && s.width > 20);
      assert.deepEqual(lines.map((l) => l.strokeWidth).sort(), [1, 1, 2]);
      assert.equal(await page.locator('.legend.lines li').count(), data.series.length);
      assert.match(await page.locator('table.to-quality tbody tr').first().innerText(), /J \(.* to .*\)/);
    }));

  test('with bad data says why', async () => {
    const { page, close } = await openText('{"schema": 1, "kind": "comparison", "studies": []}');
    try {
      assert.match(await page.getByRole('alert').innerText(), /objectives: a list is needed/);
    } finally {
      await close();
    }
  });
});

describe('a rerun study', () => {
  test('says first which claims hold', () =>
    visit('replication', {}, async (page) => {
      assert.match(await page.locator('#claims .lead').innerText(), /1 of 3 hold, 1 broken, 1 cannot be told/);
      assert.equal(await page.locator('#claims .badge.claim-broken').count(), 1);
      assert.match(await page.locator('#experiments').innerText(), /gone[\s\S]*failed[\s\S]*no such model/);
    }));

  test('draws a heat map that is darker where the value is larger, and leaves a cell without a value empty', () =>
    visit('replication', {}, async (page) => {
      const drawn = await shapes(page, 'figure-0');
      const texts = drawn.filter((s) => s.tag === 'text').map((s) => s.text);
      for (const text of ['40.0 J', '10.0 J', '–', '1024', '0.01']) assert.ok(texts.includes(text), `${text} in ${texts}`);
      const cells = drawn.filter((s) => s.tag === 'path' && s.width > 60 && s.height > 20 && s.height < 60 && s.fill.startsWith('#'));
      assert.equal(cells.length, 6);
      const dark = (cell) => channels(cell.fill).reduce((sum, value) => sum + value, 0);
      const at = (text) => {
        const label = drawn.find((s) => s.text === text);
        return cells.find((c) => c.left <= label.x && label.x <= c.right && c.top <= label.y && label.y <= c.bottom);
      };
      assert.ok(dark(at('40.0 J')) < dark(at('20.0 J')) && dark(at('20.0 J')) < dark(at('10.0 J')));
      assert.equal(at('–').fill, (await colours(page)).surface);
    }));

  test('puts boxes and bars in the order of their groups, at their values', () =>
    visit('replication', {}, async (page) => {
      const boxes = (await shapes(page, 'figure-3')).filter((s) => s.tag === 'path' && s.height > 14 && s.height < 18 && s.width > 2.5 && s.width < 200 && s.stroke !== '');
      assert.equal(boxes.length, 2);
      const [first, second] = boxes.sort((a, b) => a.y - b.y);
      assert.ok(first.x < second.x, 'the first group has the smaller value');
      near(first.width, second.width, 0.5, 'both boxes span two joules');
      const bars = (await shapes(page, 'figure-4')).filter((s) => s.tag === 'path' && Math.abs(s.height - 16) < 1 && s.width > 20);
      assert.equal(bars.length, 2);
      const [none, int8] = bars.sort((a, b) => a.y - b.y);
      near(none.width / int8.width, 2.5, 0.03, 'bars are as long as their values');
    }));

  test('says the law that it draws, and that a figure has no points', () =>
    visit('replication', {}, async (page) => {
      assert.match(await page.locator('#figure-section-1').innerText(), /500 · x\^-0\.5000, 95 % interval of the exponent -0\.6000 to -0\.4000/);
      assert.match(await page.locator('#figure-section-5').innerText(), /nothing to draw[\s\S]*nothing has the name `flops`/);
      assert.match(await page.locator('#analysis-penalty').innerText(), /4\.250[\s\S]*never reached the target/);
      assert.match(await page.locator('#analysis-lost').innerText(), /Nothing came of it/);
    }));
});

describe('the parallel coordinates', () => {
  const names = ['lr', 'batch_size', 'width', 'optimizer', 'batch_norm', 'val_accuracy', 'energy'];

  test('have an axis for each parameter that varies and each objective, and a line for each trial', () =>
    visit('demo', {}, async (page, data) => {
      const drawn = await shapes(page, 'parallel');
      const heads = drawn.filter((s) => s.tag === 'text' && names.includes(s.text)).sort((a, b) => a.x - b.x);
      assert.deepEqual(heads.map((h) => h.text), names);
      const lines = drawn.filter((s) => s.fill === 'none' && s.width > 800 && s.height > 20 && /^M.*L/.test(s.d));
      assert.equal(lines.length, data.trials.length);
    }));

  test('have a place for parameters that are inactive, and lines go there', () =>
    visit('failures', {}, async (page, data) => {
      const drawn = await shapes(page, 'parallel');
      const inactive = drawn.filter((s) => s.text === 'inactive').sort((a, b) => a.x - b.x);
      assert.equal(inactive.length, 2);
      const axis = drawn.find((s) => s.text === 'beta2');
      const lines = drawn.filter((s) => s.fill === 'none' && s.width > 800).map((s) => [...s.d.matchAll(/(-?[\d.]+) (-?[\d.]+)/g)].map((m) => [Number(m[1]), Number(m[2])]));
      const through = lines.filter((line) => line.some(([x, y]) => Math.abs(x - axis.x) < 3 && Math.abs(y - inactive[1].y) < 3));
      assert.equal(through.length, data.trials.filter((t) => !('beta2' in t.configuration)).length);
    }));

  test('a range drawn on an axis leaves only its trials in the table', () =>
    visit('failures', {}, async (page, data) => {
      const drawn = await shapes(page, 'parallel');
      const axis = drawn.find((s) => s.text === 'optimizer');
      const adam = drawn.find((s) => s.text === 'adam');
      await page.locator('#chart-parallel').scrollIntoViewIfNeeded();
      const box = await page.locator('#chart-parallel').boundingBox();
      await page.mouse.move(box.x + axis.x, box.y + adam.y - 3);
      await page.mouse.down();
      await page.mouse.move(box.x + axis.x, box.y + adam.y + 25, { steps: 4 });
      await page.mouse.move(box.x + axis.x, box.y + adam.y + 60, { steps: 4 });
      await page.mouse.up();
      await page.waitForTimeout(100);
      const ids = await page.locator('table.trials tr[data-trial]').evaluateAll((rows) => rows.map((r) => Number(r.dataset.trial)));
      assert.deepEqual(ids, data.trials.filter((t) => t.configuration.optimizer === 'adam').map((t) => t.id));
    }));
});

describe('the table', () => {
  test('sorts by a column, both ways, with what is missing last', () =>
    visit('failures', {}, async (page, data) => {
      const order = () => page.locator('table.trials tr[data-trial]').evaluateAll((rows) => rows.map((r) => Number(r.dataset.trial)));
      const expected = (sign) => [...data.trials].sort((a, b) => (a.energy.value === null) - (b.energy.value === null) || sign * (a.energy.value - b.energy.value)).map((t) => t.id);
      await page.getByRole('button', { name: 'Energy', exact: true }).click();
      assert.deepEqual(await order(), expected(1));
      await page.getByRole('button', { name: 'Energy', exact: true }).click();
      assert.deepEqual(await order(), expected(-1));
    }));

  test('shows a dash for what is not known', () =>
    visit('failures', {}, async (page) => {
      const cells = await page.locator('table.trials tr[data-trial="9"] td').allInnerTexts();
      assert.equal(cells[4], '–', 'energy');
      assert.equal(cells[5], '–', 'full training');
    }));

  test('filters by words', () =>
    visit('failures', {}, async (page, data) => {
      await page.getByLabel('Filter').fill('failed optimizer=sgd');
      const wanted = data.trials.filter((t) => t.state === 'failed' && t.configuration.optimizer === 'sgd');
      assert.equal(await page.locator('table.trials tr[data-trial]').count(), wanted.length);
    }));

  test('shows the outcome and detail of failed trials as text, never as markup', () =>
    visit('failures', {}, async (page, data) => {
      assert.equal(await page.locator('tr.detail').count(), data.trials.filter((t) => t.state === 'failed').length);
      assert.match(await page.locator('tr.detail').nth(1).innerText(), /failed exit[\s\S]*<\/script><img src=x/);
      assert.equal(await page.locator('#page img').count(), 0);
      assert.equal(await page.evaluate(() => window.broken), undefined);
      assert.equal(await page.locator('h1').textContent(), data.study.name);
    }));

  test('exports the rows that it shows', () =>
    visit('failures', {}, async (page, data) => {
      await page.getByLabel('Filter').fill('completed');
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Export CSV' }).click()]);
      const lines = readFileSync(await download.path(), 'utf8').trim().split('\r\n');
      assert.equal(lines.length - 1, data.trials.filter((t) => t.state === 'completed').length);
      assert.match(lines[0], /^trial,state,outcome,rung,step,val_accuracy,energy,/);
    }));
});

describe('one trial at a time', () => {
  test('under the pointer in the table is marked in every chart, with the uncertainty of its energy', () =>
    visit('demo', {}, async (page, data) => {
      const c = await colours(page);
      const before = (await shapes(page, 'front')).length;
      const trial = data.trials.find((t) => t.id === 9);
      await page.locator('tr[data-trial="9"]').hover();
      await page.waitForTimeout(100);
      const drawn = await shapes(page, 'front');
      const texts = drawn.filter((s) => s.tag === 'text');
      const [px, py] = [pixelAxis(texts, 'x', true), pixelAxis(texts, 'y', false)];
      assert.equal(drawn.length - before, 4, 'a dot and a whisker of three strokes');
      const dot = drawn.find((s) => isMark(s) && s.fill === c.recommended);
      near(dot.x, px(trial.objectives.energy), 2, 'dot');
      const whisker = drawn.find((s) => s.stroke === c.recommended && s.width > 20 && s.height < 3);
      near(whisker.left, px(trial.energy.value - trial.energy.uncertainty), 2.5, 'lower end');
      near(whisker.right, px(trial.energy.value + trial.energy.uncertainty), 2.5, 'upper end');
      near(whisker.y, py(trial.objectives.val_accuracy), 2, 'height');
      assert.equal((await shapes(page, 'curves')).filter((s) => s.stroke === c.recommended && s.strokeWidth === 3).length, 1);
      assert.equal((await shapes(page, 'parallel')).filter((s) => s.stroke === c.recommended && s.strokeWidth === 3).length, 1);
    }));

  test('clicked in the front is selected in the table', () =>
    visit('demo', {}, async (page, data) => {
      const texts = (await shapes(page, 'front')).filter((s) => s.tag === 'text');
      const trial = data.trials.find((t) => t.id === 9);
      const at = { x: pixelAxis(texts, 'x', true)(trial.objectives.energy), y: pixelAxis(texts, 'y', false)(trial.objectives.val_accuracy) };
      await page.locator('#chart-front').click({ position: at });
      await page.waitForTimeout(100);
      assert.deepEqual(await page.locator('tr[aria-selected="true"]').evaluateAll((rows) => rows.map((r) => r.dataset.trial)), ['9']);
      const tip = await page.locator('#chart-front').innerText();
      assert.match(tip, /Trial 9/);
      assert.match(tip, /\(modelled\)/);
    }));

  test('is selected and let go with the keyboard', () =>
    visit('demo', {}, async (page) => {
      await page.locator('tr[data-trial="12"]').focus();
      await page.keyboard.press('Enter');
      await page.waitForTimeout(50);
      assert.equal(await page.locator('tr[aria-selected="true"]').getAttribute('data-trial'), '12');
      await page.keyboard.press('Escape');
      await page.waitForTimeout(50);
      assert.equal(await page.locator('tr[aria-selected="true"]').count(), 0);
    }));
});

describe('every screen and paper', () => {
  for (const name of [...Object.keys(FIXTURES), ...Object.keys(COMPARISONS)]) {
    test(`${name}: a phone never scrolls sideways`, () =>
      visit(name, { viewport: { width: 390, height: 844 } }, async (page) => {
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390);
        const widths = await page.locator('.chart').evaluateAll((charts) => charts.map((c) => c.firstElementChild?.getBoundingClientRect().right ?? 0));
        for (const right of widths) assert.ok(right <= 390, `a chart ends at ${right}`);
      }));
  }

  test('labels of axes lie inside their chart on a phone', () =>
    visit('demo', { viewport: { width: 390, height: 844 } }, async (page) => {
      for (const chart of ['front', 'anytime', 'curves', 'parallel']) {
        const width = (await page.locator(`#chart-${chart}`).boundingBox()).width;
        for (const text of (await shapes(page, chart)).filter((s) => s.tag === 'text' && s.text)) {
          assert.ok(text.left >= -1 && text.right <= width + 1, `${chart}: "${text.text}" from ${text.left} to ${text.right} of ${width}`);
        }
      }
    }));

  test('paper is light even where the screen is dark, without controls, with every chart', () =>
    visit('demo', { colorScheme: 'dark' }, async (page, data) => {
      const dark = await colours(page);
      const drawnIn = (colour) => page.waitForFunction((fill) => [...document.querySelectorAll('#chart-front svg path')]
        .some((path) => path.getAttribute('fill') === fill), colour);
      await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
      await page.waitForFunction((ink) => getComputedStyle(document.documentElement).getPropertyValue('--ink').trim() !== ink, dark.ink);
      const light = await colours(page);
      await drawnIn(light.completed);
      assert.notEqual(dark.ink, light.ink);
      assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), 'rgb(255, 255, 255)');
      assert.equal(await page.locator('.controls:visible').count(), 0);
      const front = await shapes(page, 'front');
      assert.equal(front.filter(isMark).length, withObjectives(data, ['val_accuracy', 'energy']).length);
      assert.ok(front.filter(isMark).some((s) => s.fill === light.completed), 'drawn again in the light colours');
      for (const chart of ['front', 'anytime', 'curves', 'ledger', 'importance', 'proxy', 'parallel']) {
        const { width } = await page.locator(`#chart-${chart} svg`).boundingBox();
        near(width, 676, 1, `width of ${chart} on paper`);
      }
      await page.emulateMedia({ media: 'screen', colorScheme: 'dark' });
      await drawnIn(dark.completed);
      assert.ok((await shapes(page, 'front')).some((s) => s.fill === dark.completed), 'and dark again on the screen');
    }));

  test('a dark screen gets the dark colours', () =>
    visit('demo', { colorScheme: 'dark' }, async (page) => {
      const c = await colours(page);
      assert.equal(c.surface, '#19212a');
      assert.ok((await shapes(page, 'front')).filter(isMark).some((s) => s.fill === c.completed));
    }));

  test('every chart says what it shows', () =>
    visit('demo', {}, async (page, data) => {
      const labels = await page.locator('.chart[role="img"]').evaluateAll((charts) => charts.map((c) => c.getAttribute('aria-label')));
      assert.equal(labels.length, 7);
      assert.match(labels[0], new RegExp(`Recommended.*trial ${data.recommendations[0].trial}`));
      for (const label of labels) assert.ok(label.length > 30, label);
    }));
});

describe('studies of every size', () => {
  test('an empty study says what it does not have', () =>
    visit('empty', {}, async (page) => {
      assert.equal(await page.locator('.chart').count(), 0);
      assert.match(await page.locator('#front').innerText(), /No trial has reported its objectives yet/);
      assert.equal(await page.locator('#card-cost .big').textContent(), '–');
    }));

  test('a study of one trial has every chart', () =>
    visit('one_trial', {}, async (page) => {
      for (const chart of ['front', 'curves', 'ledger', 'parallel']) assert.ok((await shapes(page, chart)).length > 3, chart);
      assert.equal((await shapes(page, 'front')).filter(isMark).length, 1);
    }));

  test('2,000 trials are drawn, on a canvas, and the table stays short', () =>
    visit('large', {}, async (page) => {
      assert.equal(await page.locator('#chart-front canvas').count(), 1);
      const share = await lookAt(page, page.locator('#chart-front'), { colour: channels((await colours(page)).surface) });
      assert.ok(share > 0.05, `points cover ${share} of the chart`);
      assert.equal(await page.locator('table.trials tr[data-trial]').count(), 60);
      await page.getByRole('button', { name: 'Show more' }).click();
      assert.equal(await page.locator('table.trials tr[data-trial]').count(), 560);
    }));
});

describe('a page with bad data says why', () => {
  const cases = {
    'never filled': ['null', /holds no data/],
    'not JSON': ['{"schema": 1,', /not JSON/],
    'another schema': ['{"schema": 7, "study": {"name": "x"}}', /schema 7.*schema 1/],
    'a wrong field': ['{"schema": 1, "study": {"name": "x"}, "trials": [{"id": "a"}]}', /trials\[0\]\.id/],
  };
  for (const [name, [text, words]] of Object.entries(cases)) {
    test(name, async () => {
      const { page, problems, close } = await openText(text);
      try {
        assert.match(await page.getByRole('alert').innerText(), words);
        assert.deepEqual(problems, []);
      } finally {
        await close();
      }
    });
  }
});

test('the bundle has the placeholder exactly once and names no other file', () => {
  assert.equal(BUNDLE.split(PLACEHOLDER).length, 2);
  assert.doesNotMatch(BUNDLE, /<link|<script[^>]* src=/);
});

/** What an element looks like on the screen, decoded by the browser itself: one pixel, or the share of another colour. */
async function lookAt(page, element, wanted) {
  const image = (await element.screenshot()).toString('base64');
  const blank = await page.context().newPage();
  try {
    return await blank.evaluate(async ({ source, pixel, colour }) => {
      const picture = new Image();
      picture.src = `data:image/png;base64,${source}`;
      await picture.decode();
      const canvas = Object.assign(document.createElement('canvas'), { width: picture.width, height: picture.height });
      const drawing = canvas.getContext('2d');
      drawing.drawImage(picture, 0, 0);
      if (pixel) return [...drawing.getImageData(pixel.x, pixel.y, 1, 1).data].slice(0, 3);
      const { data } = drawing.getImageData(0, 0, picture.width, picture.height);
      let other = 0;
      for (let i = 0; i < data.length; i += 4) if (colour.some((value, k) => Math.abs(data[i + k] - value) > 12)) ++other;
      return (4 * other) / data.length;
    }, { source: image, ...wanted });
  } finally {
    await blank.close();
  }
}

function channels(colour) {
  return [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));
}
