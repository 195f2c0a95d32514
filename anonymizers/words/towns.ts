/** Beginnings and endings of names of towns that do not exist as such; letters of Latin-1 only. */
export const frenchTowns = {
  beginnings:
    'Aubier Beauval Belcour Blancmont Boisclair Brévent Champlieu Chantebel Clairac Corbeval Courlande Doucelles Épineval Fontbelle Fromont Garance Grandlac Hautecour Jolivet Lavernois Longpré Marcelin Montclar Neuvallon Orvigny Pierrefeu Pontavel Rochebelle Sauverny Terreneuve Valmorin Vertbois Vieillecour Villedoux'.split(
      ' ',
    ),
  endings: ['', '-le-Bois', '-le-Vieux', '-les-Bains', '-les-Prés', '-sur-Ambre', '-sur-Brève', '-sous-Roche', '-en-Plaine', '-la-Source'],
};

export const englishTowns = {
  beginnings:
    'Ambleford Ashmere Birchham Brackwell Cloverton Copperfield Dunmore Eastmarsh Elmbury Fairhollow Foxcombe Glenbrook Greywick Hartmoor Hazelbury Ivyford Kingsmere Larkfield Linwell Maplebury Millhaven Nettlecombe Northwick Oakmoor Pineford Quarrydale Ravenhill Rosecombe Silverton Stonebury Thornham Underwood Westmere Willowby'.split(
      ' ',
    ),
  endings: ['', ' Green', ' Heath', ' Magna', ' Parva', ' St Mary', '-by-the-Water', '-on-the-Hill', '-under-Edge', '-upon-Lyn'],
};
