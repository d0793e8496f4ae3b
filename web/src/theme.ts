/** The colours of the style sheet for the charts: read again when the scheme changes or the page is printed. */

export interface Theme {
  ink: string;
  muted: string;
  line: string;
  surface: string;
  completed: string;
  paused: string;
  stopped: string;
  failed: string;
  running: string;
  recommended: string;
  front: string;
  rampLow: string;
  rampHigh: string;
  rungLow: string;
  rungHigh: string;
  probe: string;
  final: string;
  engine: string;
  idle: string;
}

const NAMES: Record<keyof Theme, string> = {
  ink: '--ink', muted: '--muted', line: '--line', surface: '--surface', completed: '--completed', paused: '--paused',
  stopped: '--stopped', failed: '--failed', running: '--running', recommended: '--recommended', front: '--front',
  rampLow: '--ramp-low', rampHigh: '--ramp-high', rungLow: '--rung-low', rungHigh: '--rung-high', probe: '--probe',
  final: '--final', engine: '--engine', idle: '--idle',
};

export function currentTheme(): Theme {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(
    Object.entries(NAMES).map(([key, name]) => [key, style.getPropertyValue(name).trim()]),
  ) as unknown as Theme;
}

/** A colour between two `#rrggbb` colours. */
export function mix(low: string, high: string, share: number): string {
  const channel = (text: string, index: number): number => parseInt(text.slice(1 + 2 * index, 3 + 2 * index), 16);
  const part = (index: number): string => {
    const value = Math.round(channel(low, index) + (channel(high, index) - channel(low, index)) * share);
    return value.toString(16).padStart(2, '0');
  };
  return `#${part(0)}${part(1)}${part(2)}`;
}

export function stateColour(theme: Theme, state: string): string {
  const colours: Record<string, string> = {
    completed: theme.completed, paused: theme.paused, stopped: theme.stopped, failed: theme.failed,
    running: theme.running, interrupted: theme.stopped,
  };
  return colours[state] ?? theme.muted;
}

/** The colour of one entry of the ledger; rungs run from light to dark. */
export function ledgerColour(theme: Theme, name: string, names: string[]): string {
  const rungs = names.filter((n) => n.startsWith('rung'));
  if (name.startsWith('rung')) {
    return mix(theme.rungLow, theme.rungHigh, rungs.length > 1 ? rungs.indexOf(name) / (rungs.length - 1) : 0.5);
  }
  const colours: Record<string, string> = {
    probe: theme.probe, final: theme.final, failed: theme.failed, engine: theme.engine, idle: theme.idle,
  };
  return colours[name] ?? theme.muted;
}
