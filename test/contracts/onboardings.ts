import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../../src/ledger/database.ts';
import {
  askForOnboarding,
  askForOnboardingAgain,
  askForTemplate,
  finishOnboarding,
  type OnboardingPace,
  type TakenOnboarding,
  takeOnboarding,
} from '../../src/ledger/onboardings.ts';

const shop = { id: 7, owner: 'acme', name: 'shop' };
const many = Array.from({ length: 500 }, (_, index) => ({
  id: index + 1,
  owner: 'acme',
  name: `r-${index}`,
}));
const wide: OnboardingPace = { perMinute: 1_000, perHour: 1_000 };
const leaseSeconds = 600;

/** Which repositories are looked at, and when, on any database. */
export function onboardingContract(name: string, open: () => Promise<Database>): void {
  describe(`the onboarding of repositories on ${name}`, () => {
    let database: Database;

    beforeAll(async () => {
      database = await open();
    });
    beforeEach(async () => {
      await database.kysely.deleteFrom('onboardings').execute();
    });
    afterAll(() => database?.close());

    const take = (pace = wide, template = 'v1') =>
      takeOnboarding(database.kysely, template, pace, leaseSeconds);
    const finish = async (
      taken: TakenOnboarding | undefined,
      more: { wrote?: boolean; againAfterSeconds?: number } = {},
    ) => {
      if (!taken) throw new Error('none was taken');
      await finishOnboarding(database.kysely, taken, {
        outcome: 'opened',
        wrote: true,
        template: 'v1',
        ...more,
      });
    };

    /** Lets time pass for everything that is written down. */
    const pass = (seconds: number) =>
      database.executeSql(`update onboardings set
        wrote_at = wrote_at - interval '${seconds} seconds',
        taken_until = taken_until - interval '${seconds} seconds',
        due_at = due_at - interval '${seconds} seconds'`);

    it('looks at a repository once, however often it was said', async () => {
      await askForOnboarding(database.kysely, 5, [shop, shop]);
      await askForOnboarding(database.kysely, 5, [shop]);
      const taken = await take();
      expect(taken).toMatchObject({ installationId: 5, repository: shop, attempts: 1 });
      await finish(taken);
      expect(await take()).toBeUndefined();
    });

    it('takes over who has the repository now, and what it is called', async () => {
      await askForOnboarding(database.kysely, 5, [shop]);
      const renamed = { ...shop, owner: 'globex', name: 'store' };
      await askForOnboarding(database.kysely, 6, [renamed]);
      expect(await take()).toMatchObject({ installationId: 6, repository: renamed });
    });

    it('looks at one at a time, and again at one that was never finished', async () => {
      await askForOnboarding(database.kysely, 5, many);
      const first = await take();
      expect(await take()).toBeUndefined();
      await pass(leaseSeconds + 1);
      expect(await take()).toEqual({ ...first, dueAt: expect.any(String), attempts: 2 });
    });

    it('gives a repository to one of several that ask at the same time', async () => {
      await askForOnboarding(database.kysely, 5, many.slice(0, 3));
      const taken = await Promise.all(Array.from({ length: 6 }, () => take()));
      expect(taken.filter((one) => one !== undefined)).toHaveLength(1);
    });

    it('spreads hundreds of repositories over hours', async () => {
      await askForOnboarding(database.kysely, 5, many);
      const pace = { perMinute: 5, perHour: 20 };
      const work = async () => {
        let count = 0;
        for (let one = await take(pace); one; one = await take(pace)) {
          await finish(one);
          count += 1;
        }
        return count;
      };
      const perMinute: number[] = [];
      for (let minute = 0; minute < 6; minute++) {
        perMinute.push(await work());
        await pass(60);
      }
      expect(perMinute).toEqual([5, 5, 5, 5, 0, 0]);
      await pass(60 * 60);
      expect(await work()).toBe(5);
    });

    it('goes on at once where nothing was written', async () => {
      await askForOnboarding(database.kysely, 5, many.slice(0, 10));
      const pace = { perMinute: 1, perHour: 1 };
      for (let count = 0; count < 10; count++) {
        const one = await take(pace);
        expect(one).toBeDefined();
        await finish(one, { wrote: false });
      }
      expect(await take(pace)).toBeUndefined();
    });

    it('waits before it looks again', async () => {
      await askForOnboarding(database.kysely, 5, [shop]);
      await finish(await take(), { againAfterSeconds: 60 });
      expect(await take()).toBeUndefined();
      await pass(61);
      expect(await take()).toMatchObject({ attempts: 2 });
    });

    it.each([{}, { againAfterSeconds: 60 }])(
      'looks again at a repository that was asked for while it was looked at',
      async (more) => {
        await askForOnboarding(database.kysely, 5, [shop]);
        await pass(1);
        const taken = await take();
        const renamed = { ...shop, name: 'store' };
        await askForOnboarding(database.kysely, 6, [renamed]);
        await finish(taken, more);
        const again = await take(wide, 'v2');
        expect(again).toMatchObject({ installationId: 6, repository: renamed, attempts: 1 });
        await finish(again);
        expect(await take(wide, 'v2')).toBeUndefined();
      },
    );

    it('looks at all that were done with another template, and leaves them to who has that one', async () => {
      await askForOnboarding(database.kysely, 5, many.slice(0, 3));
      for (let count = 0; count < 3; count++) await finish(await take());
      expect(await askForTemplate(database.kysely, 'v1')).toBe(0);
      expect(await askForTemplate(database.kysely, 'v2')).toBe(3);
      expect(await askForTemplate(database.kysely, 'v2')).toBe(0);
      expect(await take(wide, 'v1')).toBeUndefined();
      expect(await take(wide, 'v2')).toMatchObject({ attempts: 1 });
    });

    it('looks at the repositories of an installation again that may do more now', async () => {
      await askForOnboarding(database.kysely, 5, [shop]);
      await finish(await take());
      await askForOnboardingAgain(database.kysely, 6);
      expect(await take()).toBeUndefined();
      await askForOnboardingAgain(database.kysely, 5);
      expect(await take()).toMatchObject({ repository: shop });
    });
  });
}
