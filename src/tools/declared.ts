import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020';
import { z } from 'zod';
import { canonicalJson } from '../domain/canonical-json';
import { mayUse } from '../domain/credential';
import type { Effect } from '../domain/effect';
import { GatehouseError } from '../domain/errors';
import type { ToolDeclaration } from '../domain/tool-declaration';
import { boundedPatterns } from './bounded-pattern';
import { failed, outputOf } from './output';
import { sensitiveByName } from './sensitive-names';
import type { Tool } from './tool';

type Arguments = Record<string, unknown>;

/**
 * A user's own tool as one of the catalogue. Its effect is what its declaration says, `production` where it says none;
 * arguments it does not declare are refused whatever its schema would take.
 *
 * @throws GatehouseError `tool-declaration-invalid` when its parameters are no JSON Schema of an object, or its programs
 * could not use the credential it declares
 */
export function toolOf(declaration: ToolDeclaration): Tool {
  const known = built.get(declaration);
  if (known) return known;
  const tool = build(declaration);
  built.set(declaration, tool);
  return tool;
}

// Compiling a schema costs more than all the rest of a catalogue.
const built = new WeakMap<ToolDeclaration, Tool>();

function build(declaration: ToolDeclaration): Tool {
  const { name, description, command, effect = 'production', credential } = declaration;
  requireUsable(declaration, effect);
  const use = credential ? 'credentialRequest' : declaration.budget;
  const inputSchema = strictSchema(declaration);
  const validate = compile(name, inputSchema);
  return {
    name,
    description,
    inputSchema,
    parameters: argumentsBy(validate),
    judge: () => ({
      effect,
      marks: [],
      approvalFlags: [
        ...(effect === 'production' ? (['productionAccess'] as const) : []),
        ...(use === 'credentialRequest' ? (['credentialRequest'] as const) : []),
      ],
    }),
    sensitive: declaration.sensitive ?? sensitiveByName(declaration.parameters, effect),
    isSensitiveByName: declaration.sensitive === undefined,
    use,
    credential,
    idempotent: declaration.idempotent ?? false,
    needsWorkspace: command !== undefined,
    mayAsk: command !== undefined,
    async run(args, context) {
      if (command === undefined || command.length === 0)
        return failed(`the tool \`${name}\` declares no command, so it cannot run here`);
      return outputOf(await context.exec({ argv: command, stdin: canonicalJson(args) }));
    },
  };
}

/** A credential is of use where there is a network, and for writing where a person approved the call. */
function requireUsable({ name, credential, command, budget }: ToolDeclaration, effect: Effect): void {
  if (!credential) return;
  if (!command) throw invalid(name, 'it needs a `command` that uses its `credential`');
  if (budget === 'pipelineRun')
    throw invalid(name, 'its calls count as `credentialRequest`, and cannot count as another use too');
  if ((effect !== 'sandbox' && effect !== 'production') || !mayUse(effect, credential.scope))
    throw invalid(
      name,
      `a \`credential\` to ${credential.scope} is for calls of effect ${credential.scope === 'write' ? '`production`' : '`sandbox` or `production`'}`,
    );
}

function argumentsBy(validate: ValidateFunction): z.ZodType<unknown> {
  return z.unknown().transform((value, context): unknown => {
    // Defaults are filled into a copy: what was sent stays what was sent.
    const args: unknown = structuredClone(value);
    if (validate(args)) return args;
    for (const error of validate.errors ?? [])
      context.addIssue({ code: 'custom', message: messageOf(error), path: pathOf(error) });
    return z.NEVER;
  });
}

/** The declared schema, closed at its top level. `unevaluatedProperties` sees through `allOf` and `$ref`. */
function strictSchema({ name, parameters }: ToolDeclaration): Arguments {
  const {
    $schema: _dialect,
    additionalProperties: _open,
    unevaluatedProperties: _also,
    ...schema
  } = parameters;
  if (schema.type !== undefined && schema.type !== 'object')
    throw invalid(name, 'its parameters are not of type `object`');
  return { ...schema, type: 'object', unevaluatedProperties: false };
}

function compile(name: string, schema: Arguments): ValidateFunction {
  // Formats are hints to the model here; checking them would need a library of their own.
  const ajv = new Ajv2020({
    strict: false,
    allErrors: true,
    useDefaults: true,
    validateFormats: false,
    logger: false,
    code: { regExp: boundedPatterns },
  });
  try {
    return ajv.compile(schema);
  } catch (cause) {
    throw invalid(name, 'its parameters are not a JSON Schema', cause);
  }
}

function messageOf(error: ErrorObject): string {
  if (error.keyword === 'unevaluatedProperties')
    return `unknown argument \`${String(error.params.unevaluatedProperty)}\``;
  return error.message ?? 'is not as declared';
}

function pathOf(error: ErrorObject): string[] {
  return error.instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function invalid(name: string, what: string, cause?: unknown): GatehouseError {
  return new GatehouseError('tool-declaration-invalid', `the tool \`${name}\` cannot be used: ${what}`, {
    cause,
  });
}
