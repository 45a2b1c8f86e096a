import type { Cents } from './money.ts';

export type Product = { sku: string; name: string; price: Cents };

const products: readonly Product[] = [
  { sku: 'MUG', name: 'Mug', price: 1299 },
  { sku: 'TEA', name: 'Green tea, 100 g', price: 899 },
  { sku: 'POT', name: 'Teapot', price: 3450 },
  { sku: 'SPOON', name: 'Teaspoon', price: 245 },
];

/** Finds a product by its number; an unknown number is a mistake of the caller. */
export function findProduct(sku: string): Product {
  const product = products.find((candidate) => candidate.sku === sku);
  if (!product) throw new RangeError(`unknown product: ${sku}`);
  return product;
}
