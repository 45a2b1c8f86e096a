/** An amount of money in whole cents. */
export type Cents = number;

/** Writes an amount the way customers read it: `€12.50`, `-€0.05`. */
export function formatMoney(amount: Cents): string {
  const sign = amount < 0 ? '-' : '';
  const digits = String(Math.abs(amount)).padStart(3, '0');
  return `${sign}€${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

export function sum(amounts: readonly Cents[]): Cents {
  return amounts.reduce((total, amount) => total + amount, 0);
}
