/** Last names, French and English; letters of Latin-1 only, no two alike without their accents. */
export const lastNames: readonly string[] = (
  'Abadie Abbott Achard Ackroyd Adams Adnet Aguilard Albaret Alder Allaire Allard Allen Amblard Amiel Ancel Andrieu Anquetil Appleby ' +
  'Arbogast Archer Armitage Arnold Arnoux Ashcroft Ashworth Atkins Aubry Audibert Audouin Auger Aumont Auvray Aveling Avril Babin ' +
  'Bachelet Bailey Baillet Baldwin Balland Bancroft Barbet Barclay Bardin Baret Barlow Barnes Barrault Barrett Barthez Barton Bataille ' +
  'Baudet Bayle Bazin Beauchamp Beaufils Beaumont Bécart Beckett Bedel Béguin Bellamy Bellanger Belmont Benoist Benson Berger Berkeley ' +
  'Berthelot Bessière Besson Bickford Bidault Bigot Billard Binet Bishop Blackwood Blanchet Blondel Blythe Bocquet Boisseau Boivin ' +
  'Bolton Bonnard Bonnet Booth Bossuet Boucher Boudet Bouillon Boulanger Bouquet Bourdin Bourgeois Bousquet Boutin Bouvier Bowen Boyer ' +
  'Bradford Bradshaw Brault Bresson Breton Briand Briggs Brisset Bristow Brocard Brooks Brossard Brunel Buckley Buffet Buisson Bureau ' +
  'Burgess Burton Butler Cadet Caillaud Caldwell Calvert Calvet Camus Cardin Carlier Carlisle Caron Carpentier Carré Carter Cartier ' +
  'Castaing Castel Caumont Cazal Chabert Chabrol Chadwick Chaillou Chambon Champion Chandler Chapelle Chapman Chaptal Charbonnier ' +
  'Chardin Charlet Charpentier Charron Chartier Chassagne Château Chatel Chauvet Chauvin Chêne Chenu Chevallier Cholet Clavel Clément ' +
  'Clifton Cochet Coignard Colas Coleman Collard Collet Collins Colombe Combes Comte Constantin Coquelin Corbett Corbin Cordier Cormier ' +
  'Cornet Costes Cottin Cotton Couderc Courbet Courtois Cousin Coutant Crawford Crépin Croft Crosby Curtis Cuvelier Dalmas Dalton ' +
  'Damour Danjou Darby Dardenne Darras Daubigny Dauphin Daurat Davy Dawson Debray Decaux Delacour Delage Delahaye Delaporte Delarue ' +
  'Delattre Delaunay Delcourt Delmas Delorme Denain Denham Deschamps Descombes Desmarets Devaux Didelot Dieudonné Dixon Dobson Dorval ' +
  'Doucet Drake Drouet Dubreuil Ducasse Duchêne Duclos Dufour Dugué Duhamel Dulac Dumont Dunand Dunstan Dupuis Durand Durieux Dutertre ' +
  'Duval Easton Eldridge Ellery Elmwood Émery Escoffier Estève Étienne Everett Fabre Fairfax Falguière Farley Fauchet Faulkner Faure ' +
  'Favier Fenton Féraud Ferrand Feuillet Fielding Fillion Fisher Flament Fleming Fletcher Fleury Fonteneau Forestier Fortin Foster ' +
  'Foucault Fouquet Fourcade Fowler Fraisse Franklin Frémont Froment Frost Fuller Gabin Gaillard Gallet Gamelin Gardner Garland Garnier ' +
  'Garrett Gaspard Gaudin Gautier Gavard Gendron Genest Georges Germain Gibert Gibson Gilbert Gillet Gilmore Giraud Godard Gonthier ' +
  'Goodwin Gosselin Goubert Gouin Goulet Gourdon Grandin Granger Grantham Gravier Greaves Grenier Griffin Grimaud Grosjean Guichard ' +
  'Guilbert Guillet Guillot Guitton Hadley Hale Hamelin Hammond Harding Hardouin Hargrove Haroche Harper Hartley Hawkins Hayward Heath ' +
  'Hébert Hennequin Henriot Herbin Hérisson Herriot Hervieu Hinault Hobson Hocquet Holden Holloway Hopkins Horton Hubbard Hubert Hudson ' +
  'Huet Hugon Humbert Hurst Imbert Ingham Irving Jacob Jacquard Jacquet Jamet Janin Jarry Jarvis Jaubert Jeannin Jenkins Jennings ' +
  'Jolivet Joly Jouan Jourdain Jouvet Jullien Keaton Kendall Kirby Kirkland Knight Labbé Laborde Lacaze Lachaud Lacoste Lafarge Lafond ' +
  'Laforge Lagrange Lalande Lamarque Lambert Lambton Lamy Landry Langley Langlois Laporte Larcher Laroche Larrieu Lasserre Latour ' +
  'Laurens Lavigne Lawson Lebas Leblond Lebrun Leclerc Lecointe Lecomte Ledoux Ledru Lefort Legrand Legros Leighton Lejeune Lelièvre ' +
  'Lemoine Lenoir Lépine Leroux Lesage Lescot Lesueur Letellier Levasseur Lévêque Lhomme Lindsay Linton Lockwood Loiseau Lombard Lorin ' +
  'Loubet Louvet Lowell Lucas Ludlow Maddox Maillard Maillot Malet Mallet Manning Marais Marceau Marchal Maréchal Marest Mariette ' +
  'Marlow Marquet Marsden Martel Martinet Mason Masson Mathieu Maury Mayfield Ménard Merton Messager Meunier Michaud Michelet Milford ' +
  'Miller Millet Milton Miquel Moinet Monnier Montagne Montague Moody Morel Morin Mortimer Morvan Mouret Mousset Moutin Nash Navarre ' +
  'Newell Newton Nicolle Noblet Normand Norris Norton Oakley Odiard Ogden Oldham Ollivier Oriol Osborne Page Pagès Paillard Palmer ' +
  'Parent Parmentier Pasquier Passerat Pearce Pécheux Pelissier Pelletier Pemberton Perkins Perrier Perrin Petitjean Peyron Picard ' +
  'Pichon Pickering Pinel Plessis Poirier Poncet Portal Porter Potier Pouget Poulain Prescott Preston Prévost Priestley Prieur Privat ' +
  'Prunier Quesnel Quigley Quinet Rabier Radcliffe Raffin Rambaud Ramsey Randall Ransome Raynal Rebours Redfern Renard Renaudin ' +
  'Reynolds Ribot Richet Richmond Rigaud Rivière Robillard Rocher Rolland Romand Rondeau Rossignol Roussel Rowland Royer Rushton ' +
  'Rutherford Sabatier Salmon Sanders Sauvage Sauvageot Savary Saxton Seguin Selby Sénéchal Serres Sewell Shelton Sherwood Shipley ' +
  'Simmons Simonet Sinclair Skelton Slater Somerset Sorel Souchet Spalding Stafford Stanton Sterling Stockton Stratton Sutton Sweeney ' +
  'Taillandier Talbot Tardieu Tatum Tessier Texier Thibaud Thiers Thomasset Thorne Thornton Tilden Tissot Torcy Tournier Toussaint ' +
  'Townsend Travers Tricot Trouvé Tucker Turnbull Tyndall Underwood Upton Vaillant Valette Vallet Varenne Vasselin Verdier Verger ' +
  'Vernet Viard Vickers Vidal Vigneron Villard Villiers Vincenot Viollet Voisin Vuillard Wakefield Walden Walton Warwick Watkins Weber ' +
  'Webster Wells Westbrook Wharton Whitaker Whitfield Wickham Wilder Willoughby Winslow Woodruff Worthington Wyatt Yardley Yates Yver'
).split(' ');
