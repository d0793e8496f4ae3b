/** Where every joule went: one bar, cut into the entries of the ledger. */

import { makeAxis } from '../axis.ts';
import { known, type ReportData } from '../data.ts';
import { escapeHtml } from '../dom.ts';
import { figure, joules, words } from '../format.ts';
import { ledgerColour, mix } from '../theme.ts';
import { axisOption, tooltipBase } from './common.ts';
import { Chart, FONT, type Option } from './chart.ts';

export function makeLedgerChart(data: ReportData): Chart | null {
  const entries = data.ledger.entries.filter((e) => (known(e.energy?.value) ?? 0) > 0);
  const sum = entries.reduce((total, e) => total + (known(e.energy?.value) ?? 0), 0);
  if (sum <= 0) return null;
  const names = data.ledger.entries.map((e) => e.name);
  return new Chart({
    id: 'ledger', numTrials: 0,
    label: () => `Where the energy went: ${entries.map((e) => `${e.label ?? words(e.name)} ${joules(e.energy?.value)}`).join(', ')}`,
    height: () => 108,
    option: ({ theme, narrow, width }) => {
      const axis = { ...makeAxis([0, sum], { unit: 'J', numTicks: narrow ? 3 : 8 }), min: 0, max: sum };
      const base = axisOption(axis, '', false, theme);
      return {
        grid: { left: 4, right: 4, top: 6, bottom: 30, outerBoundsMode: 'none' },
        tooltip: tooltipBase(theme),
        xAxis: { ...base, splitLine: { show: false }, axisLine: { show: false }, axisLabel: { ...(base['axisLabel'] as Option), alignMinLabel: 'left', alignMaxLabel: 'right' } },
        yAxis: { type: 'category', data: [''], axisLine: { show: false }, axisTick: { show: false }, axisLabel: { show: false } },
        series: entries.map((entry) => {
          const value = known(entry.energy?.value) ?? 0;
          const share = value / sum;
          const colour = ledgerColour(theme, entry.name, names);
          return {
            id: entry.name, name: entry.label ?? words(entry.name), type: 'bar', stack: 'all', barWidth: 52, data: [value],
            itemStyle: { color: colour, borderColor: theme.surface, borderWidth: 1 },
            label: {
              show: share * width > 46, formatter: `${Math.round(share * 100)} %`, fontFamily: FONT, fontSize: 12, fontWeight: 600,
              color: contrast(colour),
            },
            tooltip: { formatter: () => `<b>${escapeHtml(entry.label ?? words(entry.name))}</b><br>${escapeHtml(figure(entry.energy))}` },
          };
        }),
      };
    },
  });
}

/** Black or white, whichever reads better on the colour. */
export function contrast(colour: string): string {
  const channel = (index: number): number => {
    const value = parseInt(colour.slice(1 + 2 * index, 3 + 2 * index), 16) / 255;
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  const luminance = 0.2126 * channel(0) + 0.7152 * channel(1) + 0.0722 * channel(2);
  return luminance > 0.179 ? mix('#000000', '#101418', 1) : '#ffffff';
}
