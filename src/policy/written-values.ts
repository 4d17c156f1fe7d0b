/** Dates, times and numbers as people write them, brought to one form. Each answers null for what it cannot be sure of. */

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const MONTH =
  '(jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec|january|february|march|april|august|september|october|november|december)\\.?';
const DAY = '(\\d{1,2})(?:st|nd|rd|th)?';
const EDGE = '(?![\\p{L}\\p{N}])';

/** Each with the places of year, month and day among its groups. A day without a year is another date than one with. */
const DATES: readonly [pattern: RegExp, year: number, month: number, day: number][] = [
  [/(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?!\d)/uy, 1, 3, 4],
  [new RegExp(`${MONTH}\\s+${DAY}(?:,?\\s+(\\d{4}))?${EDGE}`, 'uy'), 3, 1, 2],
  [new RegExp(`${DAY}\\s+(?:of\\s+)?${MONTH}(?:,?\\s+(\\d{4}))?${EDGE}`, 'uy'), 3, 2, 1],
];

/** A date, time or number that was found, and where it ends. */
export interface Written {
  key: string;
  end: number;
}

/** A date that begins at `start`: `2024-05-26`, `26 May 2024` and `May 26th, 2024` are one. The text is in lower case. */
export function dateAt(text: string, start: number): Written | null {
  for (const [pattern, year, month, day] of DATES) {
    const found = matchAt(pattern, text, start);
    if (!found) continue;
    const monthNumber = monthOf(found[month] ?? '');
    const dayNumber = Number(found[day]);
    if (monthNumber < 1 || monthNumber > 12 || dayNumber < 1 || dayNumber > 31) continue;
    const key = `date:${found[year] ?? ''}-${two(monthNumber)}-${two(dayNumber)}`;
    return { key, end: start + found[0].length };
  }
  return null;
}

const TIME =
  /t?(\d{1,2}):(\d{2})(?::(\d{2})(?:\.0+)?)?(?:z(?![\p{L}\p{N}]))?(?:\s?([ap])\.?m\b\.?)?(?![\p{N}:])/uy;
const HOUR = /(\d{1,2})\s?([ap])\.?m\b\.?/uy;

/** A time of day that begins at `start`: `22:30`, `22:30:00` and `10:30 pm` are one. */
export function timeAt(text: string, start: number): Written | null {
  const clock = matchAt(TIME, text, start);
  const found = clock ?? matchAt(HOUR, text, start);
  if (!found) return null;
  const [whole, hour, minute, second, half] = clock
    ? [found[0], Number(found[1]), Number(found[2]), Number(found[3] ?? 0), found[4]]
    : [found[0], Number(found[1]), 0, 0, found[2]];
  const hours = half === undefined ? hour : (hour % 12) + (half === 'p' ? 12 : 0);
  if (hours > 24 || minute > 59 || second > 59) return null;
  const seconds = second === 0 ? '' : `:${two(second)}`;
  return { key: `time:${two(hours)}:${two(minute)}${seconds}`, end: start + whole.length };
}

const INTERNET_ADDRESS = /\d{1,3}(?:\.\d{1,3}){3}(?![\p{L}\p{N}])/uy;
const NUMBERS: readonly [pattern: RegExp, decimal: string][] = [
  // 1,200.50 and 1.200,50 and 1 200.50; a lone `,50` at the end is a decimal too.
  [/\d{1,3}(?:,\d{3})+(?:\.\d+)?/y, '.'],
  [/\d{1,3}(?:\.\d{3})+,\d+/y, ','],
  [/\d{1,3}(?:\.\d{3}){2,}/y, ','],
  [/\d+,\d{1,2}/y, ','],
  [/\d+(?:\.\d+)?/y, '.'],
];

/** A number that begins at `start`: `1,200.00`, `1.200,00` and `1200` are one. Leading zeros stay: they name things. */
export function numberAt(text: string, start: number): Written | null {
  if (matchAt(INTERNET_ADDRESS, text, start)) return null;
  for (const [pattern, decimal] of NUMBERS) {
    const found = matchAt(pattern, text, start);
    if (!found) continue;
    const end = start + found[0].length;
    // A version, a range or a name that begins with digits is no number.
    if (/^(?:[\p{L}\p{N}_]|[.,]\p{N}|[:/@-][\p{L}\p{N}])/u.test(text.slice(end, end + 2))) continue;
    const [whole = '', part = ''] = found[0].split(decimal);
    const fraction = part.replace(/0+$/, '');
    const digits = whole.replace(/[.,]/g, '');
    return { key: `number:${fraction === '' ? digits : `${digits}.${fraction}`}`, end };
  }
  return null;
}

const MIN_GROUPED_DIGITS = 7;
// A date or an address of the internet that follows is not one more group.
const GROUP = '(?!\\d{4}[-/.]\\d{1,2}[-/.]\\d|\\d{1,3}(?:\\.\\d{1,3}){3})\\d+';
const GROUPS = new RegExp(
  `\\+?\\(?${GROUP}\\)?(?:[ \\u00a0\\u202f./()-]{1,2}${GROUP}){1,9}(?![\\p{L}\\p{N}])`,
  'uy',
);
const PHONE = /\+\d{6,15}(?![\p{L}\p{N}])/uy;

/** A telephone, account or card number in groups: `+1 (555) 010-2345` and `15550102345` are one. */
export function groupedNumberAt(text: string, start: number): Written | null {
  const found = matchAt(PHONE, text, start) ?? matchAt(GROUPS, text, start);
  if (!found) return null;
  const digits = found[0].replace(/\D/g, '');
  return digits.length < MIN_GROUPED_DIGITS
    ? null
    : { key: `number:${digits}`, end: start + found[0].length };
}

const IBAN =
  /[a-z]{2}\d{2}[ \u00a0-][a-z0-9]{4}(?:[ \u00a0-](?=[a-z]*\d)[a-z0-9]{4}){1,7}(?:[ \u00a0-](?=[a-z]*\d)[a-z0-9]{1,3})?(?![\p{L}\p{N}])/uy;

/** An IBAN in groups of four, under the name it has without them. */
export function groupedIbanAt(text: string, start: number): Written | null {
  const found = matchAt(IBAN, text, start);
  return found && { key: `word:${found[0].replace(/[^a-z0-9]/g, '')}`, end: start + found[0].length };
}

function matchAt(pattern: RegExp, text: string, start: number): RegExpExecArray | null {
  pattern.lastIndex = start;
  return pattern.exec(text);
}

function monthOf(text: string): number {
  const named = MONTHS.indexOf(text.slice(0, 3)) + 1;
  return named > 0 ? named : Number(text);
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
