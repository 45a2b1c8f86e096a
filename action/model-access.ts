export const providers = ['anthropic', 'bedrock', 'vertex'] as const;

/** How the model is reached, and by whose account. */
export type ModelAccess =
  | {
      provider: 'anthropic';
      /** Address of a gateway; the provider's own without. */
      baseUrl: string | undefined;
      /** Absent for a gateway that asks for none, and for a CLI that is logged in by itself. */
      credential: { kind: 'api-key' | 'oauth-token' | 'auth-token'; value: string } | undefined;
    }
  /** Credentials come from where the provider's library looks for them. */
  | { provider: 'bedrock'; region: string; baseUrl: string | undefined }
  | { provider: 'vertex'; region: string; project: string; baseUrl: string | undefined };

const keys = ['anthropic-api-key', 'anthropic-oauth-token', 'anthropic-auth-token'] as const;
const places = ['aws-region', 'vertex-project', 'vertex-region'] as const;
const needed = {
  anthropic: [],
  bedrock: ['aws-region'],
  vertex: ['vertex-project', 'vertex-region'],
} as const satisfies Record<(typeof providers)[number], readonly (typeof places)[number][]>;

export type ModelInput = 'provider' | 'anthropic-base-url' | (typeof keys)[number] | (typeof places)[number];

/** What does not fit together, by the input that it is about; empty when all does. */
export function modelProblems(
  given: Readonly<Partial<Record<ModelInput, string | undefined>>>,
): { input: ModelInput; message: string }[] {
  const provider = providers.find((each) => each === (given.provider ?? 'anthropic'));
  if (provider === undefined) return [];
  const set = keys.filter((name) => given[name] !== undefined);
  const wanted: readonly string[] = needed[provider];
  const [, second] = set;
  return [
    ...(second === undefined || provider !== 'anthropic'
      ? []
      : [
          {
            input: second,
            message: `only one of ${set.map((name) => `\`${name}\``).join(' and ')} can be used`,
          },
        ]),
    ...(provider === 'anthropic'
      ? []
      : set.map((input) => ({ input, message: `does not go with \`provider: ${provider}\`` }))),
    ...places
      .filter((name) => given[name] !== undefined && !wanted.includes(name))
      .map((input) => ({ input, message: `does not go with \`provider: ${provider}\`` })),
    ...needed[provider]
      .filter((name) => given[name] === undefined)
      .map((input) => ({ input, message: `is required with \`provider: ${provider}\`` })),
    ...(given['anthropic-auth-token'] !== undefined && given['anthropic-base-url'] === undefined
      ? [{ input: 'anthropic-base-url' as const, message: 'is required with `anthropic-auth-token`' }]
      : []),
  ];
}

/** Of inputs that fit together. */
export function modelAccess(given: Readonly<Partial<Record<ModelInput, string | undefined>>>): ModelAccess {
  const baseUrl = given['anthropic-base-url'];
  switch (given.provider) {
    case 'bedrock':
      return { provider: 'bedrock', region: given['aws-region'] ?? '', baseUrl };
    case 'vertex': {
      const [region = '', project = ''] = [given['vertex-region'], given['vertex-project']];
      return { provider: 'vertex', region, project, baseUrl };
    }
    default: {
      const name = keys.find((key) => given[key] !== undefined);
      const value = name && given[name];
      const kind = {
        'anthropic-api-key': 'api-key',
        'anthropic-oauth-token': 'oauth-token',
        'anthropic-auth-token': 'auth-token',
      } as const;
      const credential = name && value ? { kind: kind[name], value } : undefined;
      return { provider: 'anthropic', baseUrl, credential };
    }
  }
}
