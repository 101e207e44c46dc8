/** Names for workers, by theme: short, in plain letters, and of nothing that a program is called. */
export const nameThemes = {
  stars:
    'Vega Altair Deneb Rigel Sirius Capella Arcturus Antares Spica Regulus Castor Pollux Mira Bellatrix Alcor Mizar Adhara Shaula Sabik Nunki Alphard Hamal Markab Enif Scheat Diphda Menkar Sadr Thuban Kochab Zaurak Wezen',
  rivers:
    'Amazon Danube Elbe Ganges Indus Jordan Kolyma Lena Loire Mekong Murray Neckar Niger Oder Orinoco Paraná Rhine Rhône Seine Tagus Thames Tiber Ural Volga Weser Yukon Zambezi Ebro Drava Onega Shannon Tweed',
  trees:
    'Acacia Alder Aspen Baobab Beech Birch Cedar Chestnut Cypress Ebony Elm Fir Hazel Hickory Holly Juniper Larch Laurel Linden Magnolia Maple Oak Olive Pine Poplar Rowan Sequoia Spruce Teak Walnut Willow Yew',
  birds:
    'Avocet Bittern Bunting Condor Coot Crane Curlew Dipper Dunlin Egret Falcon Finch Gannet Goshawk Harrier Heron Hoopoe Jay Kestrel Kite Lapwing Linnet Magpie Merlin Osprey Plover Puffin Raven Sandpiper Siskin Swift Wren',
} as const satisfies Record<string, string>;

export const themeNames = [
  'stars',
  'rivers',
  'trees',
  'birds',
] as const satisfies (keyof typeof nameThemes)[];
export type NameTheme = (typeof themeNames)[number];

/**
 * A name for a worker, so that a log reads like people at work. The same id gets the same name, unless a living worker
 * has it: then the next free one of the theme, and a number when all are taken.
 */
export function nameFor(id: string, theme: NameTheme, taken: ReadonlySet<string>): string {
  const names = nameThemes[theme].split(' ');
  const start = hash(id) % names.length;
  const inOrder = [...names.slice(start), ...names.slice(0, start)];
  const free = inOrder.find((name) => !taken.has(name));
  if (free !== undefined) return free;
  const first = inOrder[0] ?? id;
  for (let number = 2; ; number++) if (!taken.has(`${first}-${number}`)) return `${first}-${number}`;
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++)
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  return value >>> 0;
}
