import { z } from '@hono/zod-openapi';
import { layers, verdicts } from '../../domain/decision';
import { effects, marks } from '../../domain/effect';

/** Longest text that a caller sends where a name is meant. */
const MAX_NAME = 200;
/** Deepest that JSON of a caller's own making is nested. */
const MAX_DEPTH = 64;

/** The database keeps text, which has no place for NUL or half a character. */
const isKept = (value: string) => !/\0|\p{Cs}/u.test(value);
const UNKEPT = 'holds a NUL character or half a character';

/** A text of at most so many characters. */
export const text = (max: number) => z.string().max(max).refine(isKept, UNKEPT);

/** One line that names something. */
export const name = z
  .string()
  .min(1)
  .max(MAX_NAME)
  .refine((value) => isKept(value) && !/[\p{Cc}\u2028\u2029]/u.test(value), 'holds a control character');

/** Any JSON that is not nested beyond reason. */
export const json = z
  .unknown()
  .refine((value) => isShallow(value, MAX_DEPTH), `is nested over ${MAX_DEPTH} deep`);

/** The last millisecond of the year 9999: later times have no form that all read. */
export const MAX_TIME = 253_402_300_799_999;

/** Milliseconds since the epoch. */
export const time = z
  .int()
  .openapi({ description: 'Milliseconds since the epoch', example: 1_795_000_000_000 });

/** A time as a query has it. */
export const timeInQuery = z.coerce.number().int().min(0).max(MAX_TIME).openapi({
  type: 'integer',
  minimum: 0,
  maximum: MAX_TIME,
  description: 'Milliseconds since the epoch',
});

export const limitInQuery = z.coerce.number().int().min(1).max(200).default(50).openapi({
  type: 'integer',
  minimum: 1,
  maximum: 200,
  default: 50,
});

export const cursorInQuery = text(2_000).min(1).openapi({ description: '`next` of the page before' });

/** Cursor of the next page. */
export const next = z
  .string()
  .nullable()
  .openapi({ description: 'Cursor of the next page, or null at the end' });

export const effect = z.enum(effects);
export const mark = z.enum(marks);
export const verdict = z.enum(verdicts);

export const finding = z
  .object({
    verdict,
    layer: z.enum(layers),
    rule: z.string(),
    message: z.string(),
    role: z.string().optional(),
    quorum: z.int().optional(),
    fourEyes: z.boolean().optional(),
    until: z.number().optional(),
    observed: z.enum(['deny', 'ask', 'defer']).optional(),
  })
  .openapi('Finding');

export const idParam = (description: string, example: string) =>
  z.object({ id: name.openapi({ param: { name: 'id', in: 'path' }, description, example }) });

export const nameParam = (example: string) =>
  z.object({ name: name.openapi({ param: { name: 'name', in: 'path' }, example }) });

/** A body of JSON that must be there. */
export const jsonBody = <Schema extends z.ZodType>(schema: Schema) => ({
  body: { required: true as const, content: { 'application/json': { schema } } },
});

/** An answer of JSON. */
export const jsonAnswer = <Schema extends z.ZodType>(description: string, schema: Schema) => ({
  description,
  content: { 'application/json': { schema } },
});

function isShallow(value: unknown, depth: number): boolean {
  if (typeof value === 'string') return isKept(value);
  if (typeof value !== 'object' || value === null) return true;
  if (depth === 0) return false;
  return Object.entries(value).every(([key, part]) => isKept(key) && isShallow(part, depth - 1));
}
