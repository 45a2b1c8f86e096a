import { Cart } from './cart.ts';
import { receipt } from './receipt.ts';

const cart = new Cart();
cart.add('MUG', 2);
cart.add('TEA');
cart.enter('welcome5');
console.log(receipt(cart));
