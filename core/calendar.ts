/** The names of the hour, day, week, month and year that a moment lies in, by the clocks and calendar of one time zone. */
export type Periods = {
  readonly hourly: string;
  readonly daily: string;
  /** ISO 8601: weeks begin on Monday, and the year is that of the week's Thursday. */
  readonly weekly: string;
  readonly monthly: string;
  readonly yearly: string;
};

const dayMs = 24 * 60 * 60 * 1000;

export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/**
 * What the clocks and the calendar of a time zone show at a moment: year, month, day, hour and minute, each with its zeros, and `timeZoneName`, which
 * is the offset.
 * @throws RangeError for what is no time zone
 */
export function createZonedClock(timeZone: string): (moment: Date) => ReadonlyMap<string, string> {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'longOffset',
  });
  return (moment) => new Map(format.formatToParts(moment).map(({ type, value }) => [type, value]));
}

/** @throws RangeError for what is no time zone */
export function createCalendar(timeZone: string): (moment: Date) => Periods {
  const clockAt = createZonedClock(timeZone);
  return (moment) => {
    const parts = clockAt(moment);
    const [year = '', month = '', day = ''] = [parts.get('year'), parts.get('month'), parts.get('day')];
    const daily = `${year}-${month}-${day}`;
    return {
      // Where the clocks are put back, one hour comes twice: the offset tells the two apart.
      hourly: `${daily}T${parts.get('hour')} ${parts.get('timeZoneName')}`,
      daily,
      weekly: isoWeek(Date.UTC(Number(year), Number(month) - 1, Number(day))),
      monthly: `${year}-${month}`,
      yearly: year,
    };
  };
}

/** @param dayUtcMs midnight UTC of the calendar day, whatever zone the day is of */
function isoWeek(dayUtcMs: number): string {
  const weekday = (new Date(dayUtcMs).getUTCDay() + 6) % 7;
  const thursday = new Date(dayUtcMs + (3 - weekday) * dayMs);
  const year = thursday.getUTCFullYear();
  const week = Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / (7 * dayMs)) + 1;
  return `${year}-W${String(week).padStart(2, '0')}`;
}
