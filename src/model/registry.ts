import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import type { ArtifactStore } from '../artifacts/artifact-store';
import { GatehouseError } from '../domain/errors';
import { createAiSdkProvider } from './ai-sdk';
import type { ScriptSource } from './pinned-script';
import type { ModelProvider } from './provider';
import { createScriptedProvider } from './scripted';

/** What the runner's environment gives its models. A provider that is absent cannot be chosen. */
export interface ModelConfig {
  /** Where `scripted:FILE@HASH` finds its script. */
  scripts?: ScriptSource;
  anthropic?: { apiKey: string; baseURL?: string };
  /** Any server that speaks OpenAI's chat completions. */
  openaiCompatible?: { baseURL: string; apiKey?: string };
  /** Longest round trip in milliseconds. @default 300_000 */
  timeoutMs?: number;
}

/** Finds the provider of a model's name, `provider:model`. @throws GatehouseError `model-unknown`, `model-not-configured` */
export type ModelRegistry = (model: string, artifacts: RunArtifacts) => ModelProvider;

/** What the run that asks may read. */
type RunArtifacts = Pick<ArtifactStore, 'get'>;

const ANTHROPIC_URL = 'https://api.anthropic.com/v1';

export function createModelRegistry(config: ModelConfig): ModelRegistry {
  const known = new Map<string, ModelProvider>();
  return (name, artifacts) => {
    const at = name.indexOf(':');
    const [provider, model] = [name.slice(0, Math.max(0, at)), name.slice(at + 1)];
    if (provider === 'scripted') return scripted(name, model, config, artifacts);
    const found = known.get(name) ?? open(name, provider, model, config);
    known.set(name, found);
    return found;
  };
}

function open(name: string, provider: string, model: string, config: ModelConfig): ModelProvider {
  const { anthropic, openaiCompatible, timeoutMs = 300_000 } = config;
  if (model === '') throw unknown(name);
  switch (provider) {
    case 'anthropic': {
      if (!anthropic) throw notConfigured(name, '`ANTHROPIC_API_KEY`');
      // The base URL is always given: the SDK would read it from the environment.
      const { apiKey: key, baseURL = ANTHROPIC_URL } = anthropic;
      const sdk = createAnthropic({ apiKey: key, baseURL });
      return createAiSdkProvider({ name, model: sdk.languageModel(model), streams: true, key, timeoutMs });
    }
    case 'openai-compatible': {
      if (!openaiCompatible) throw notConfigured(name, '`OPENAI_COMPATIBLE_BASE_URL`');
      const { apiKey: key, baseURL } = openaiCompatible;
      const sdk = createOpenAICompatible({ name: 'openai-compatible', baseURL, apiKey: key });
      return createAiSdkProvider({ name, model: sdk.chatModel(model), streams: false, key, timeoutMs });
    }
    default:
      throw unknown(name);
  }
}

function scripted(
  name: string,
  model: string,
  { scripts }: ModelConfig,
  artifacts: RunArtifacts,
): ModelProvider {
  if (model === '') throw unknown(name);
  if (!scripts) throw notConfigured(name, 'store of scripts');
  return {
    async complete(request, signal) {
      return createScriptedProvider(await scripts(model, artifacts)).complete(request, signal);
    },
  };
}

function unknown(name: string): GatehouseError {
  return new GatehouseError(
    'model-unknown',
    `model \`${name}\` is not known; write \`anthropic:MODEL\`, \`openai-compatible:MODEL\` or \`scripted:FILE\``,
  );
}

function notConfigured(name: string, what: string): GatehouseError {
  return new GatehouseError(
    'model-not-configured',
    `model \`${name}\` cannot be used: the runner has no ${what}; give it one, or choose another model`,
  );
}
