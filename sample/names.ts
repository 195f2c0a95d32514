/** A name as it is written and as it stands in an e-mail address. */
export interface Name {
  readonly written: string;
  /** Lower-case ASCII letters only. */
  readonly ascii: string;
}

/** The people of one language: how they are called, where they live, how their numbers begin. */
export interface NameGroup {
  readonly locale: string;
  readonly country: string;
  readonly timeZone: string;
  /** Country code and first digits of a mobile; eight digits follow. */
  readonly mobilePrefix: string;
  readonly callingCode: string;
  readonly female: readonly Name[];
  readonly male: readonly Name[];
  readonly last: readonly Name[];
  /** Out of a hundred people. */
  readonly share: number;
  readonly publicDomains: readonly string[];
  readonly places: readonly (readonly [city: string, postalCode: string])[];
  readonly streets: readonly string[];
}

/** Letters only, accents removed, lower case: the form a name has in an address. */
export const asciiOf = (text: string): string =>
  text
    .replaceAll(/[œŒ]/g, 'oe')
    .replaceAll(/[æÆ]/g, 'ae')
    .normalize('NFD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '');

const plain = (list: string): Name[] => list.split(' ').map((word) => ({ written: word.replaceAll('_', ' '), ascii: asciiOf(word) }));

/** `written=ascii` pairs. */
const paired = (list: string): Name[] =>
  list.split(' ').map((pair) => {
    const [written = '', ascii = ''] = pair.split('=');
    return { written, ascii };
  });

const french: NameGroup = {
  locale: 'fr_FR',
  country: 'FR',
  timeZone: 'Europe/Paris',
  mobilePrefix: '+336',
  callingCode: '+33',
  share: 50,
  female: plain(
    'Marie Hélène Chloé Zoé Léa Camille Inès Noémie Françoise Anaïs Amélie Éloïse Margaux Clémence Agnès Solène Maëlle Océane Thérèse Marie-Claire Anne-Sophie Lucie Manon Juliette Maïwenn Cécile',
  ),
  male: plain(
    'François Jérôme Étienne Rémi Loïc Gaël Noël Théo Jean-Pierre Mickaël Benoît Cédric Stéphane Grégoire Maël Ambroise Raphaël Jean-François Hugo Lucas Nathan Guillaume Aurélien Clément Baptiste Yannick',
  ),
  last: plain(
    "Dupont Lefèvre Moreau Bérenger Garçon Lemaître Fournier Girard Mercier Blanc Guérin Chevalier Rousseau Gauthier Perrot Clément-Roux Lacroix Dumas Fontaine Béranger Marchand Dubois Noël-Bouton Legrand Besnard Renaud Schmitt Colin Vidal Carré D'Hérouville Le_Goff De_La_Tour Prévost Poulain Thévenet Brûlé Crépin Façon Hénault Lévêque Maréchal Péchard Rivière Séguin Tanguy Vasseur Cœur Delaunay Gérard Huët Jacquemin Kermadec Langlois Mallet Nivelle Ollivier Pasquier Quéré Raynaud Salaün Texier Vaillant Wagneur Évrard Auger Barbier Chauvet Descamps Esnault Faucher Grosjean Hamel Imbert Joubert Labbé Morvan Naudin Pruvost Rolland",
  ),
  publicDomains: ['gmele.com', 'boite-orangee.fr', 'librenet.fr', 'lapostale.net'],
  places: [
    ['Paris', '75011'],
    ['Lyon', '69003'],
    ['Besançon', '25000'],
    ['Saint-Étienne', '42100'],
    ['Nîmes', '30000'],
    ['Orléans', '45000'],
  ],
  streets: [
    'rue de la République',
    'avenue Jean-Jaurès',
    'place du Marché',
    'chemin des Écoliers',
    'boulevard Voltaire',
    'allée des Tilleuls',
  ],
};

const english: NameGroup = {
  locale: 'en_GB',
  country: 'GB',
  timeZone: 'Europe/London',
  mobilePrefix: '+4479',
  callingCode: '+44',
  share: 15,
  female: plain('Olivia Amelia Isla Grace Harriet Emily Freya Charlotte Siân Imogen Poppy Beatrice Matilda Rosalind'),
  male: plain('Oliver George Harry Jack Alfie Charlie Oscar Henry William Angus Callum Rhys Edmund Desmond'),
  last: plain(
    "Smith Jones Taylor Brown Wilson O'Brien Evans Walker Wright Robinson Thompson Hughes Edwards Green Wood Harris Clarke Jackson Turner Hill Cooper Ward Morris Baker Parker Bennett Macdonald Fitzgerald Ashworth Pemberton",
  ),
  publicDomains: ['gmele.com', 'outpostmail.co.uk'],
  places: [
    ['London', 'EC1A 1BB'],
    ['Leeds', 'LS1 4AP'],
    ['Cardiff', 'CF10 1EP'],
  ],
  streets: ['High Street', 'Station Road', 'Church Lane', "King's Crescent"],
};

const arabic: NameGroup = {
  locale: 'ar_AE',
  country: 'AE',
  timeZone: 'Asia/Dubai',
  mobilePrefix: '+9715',
  callingCode: '+971',
  share: 10,
  female: paired('فاطمة=fatima مريم=maryam ليلى=layla عائشة=aisha نور=nour سلمى=salma هدى=huda زينب=zaynab'),
  male: paired('محمد=mohammed أحمد=ahmed علي=ali يوسف=youssef خالد=khalid عمر=omar حسن=hassan كريم=karim'),
  last: paired(
    'الحداد=alhaddad المنصوري=almansouri النجار=alnajjar الهاشمي=alhashimi الشريف=alsharif البغدادي=albaghdadi الفارسي=alfarsi العمري=alomari الزهراني=alzahrani القاسمي=alqasimi الخطيب=alkhatib السعدي=alsaadi المصري=almasri الكعبي=alkaabi الرشيد=alrashid اليماني=alyamani',
  ),
  publicDomains: ['gmele.com', 'baridi.ae'],
  places: [
    ['دبي', '00000'],
    ['أبوظبي', '00000'],
  ],
  streets: ['شارع الشيخ زايد', 'شارع الاستقلال', 'شارع المكتوم'],
};

const greek: NameGroup = {
  locale: 'el_GR',
  country: 'GR',
  timeZone: 'Europe/Athens',
  mobilePrefix: '+3069',
  callingCode: '+30',
  share: 5,
  female: paired('Ελένη=eleni Μαρία=maria Κατερίνα=katerina Σοφία=sofia Δήμητρα=dimitra Άννα=anna'),
  male: paired('Γιώργος=giorgos Δημήτρης=dimitris Νίκος=nikos Παναγιώτης=panagiotis Κώστας=kostas Άγγελος=angelos'),
  last: paired(
    'Παπαδόπουλος=papadopoulos Οικονόμου=oikonomou Γεωργίου=georgiou Καραγιάννης=karagiannis Βλάχος=vlachos Αθανασίου=athanasiou Νικολάου=nikolaou Αγγελόπουλος=angelopoulos Ξένος=xenos Ψαράς=psaras Μακρής=makris Λαμπρόπουλος=lampropoulos',
  ),
  publicDomains: ['gmele.com', 'tachydromeio.gr'],
  places: [
    ['Αθήνα', '105 57'],
    ['Θεσσαλονίκη', '546 24'],
  ],
  streets: ['Ερμού', 'Πανεπιστημίου', 'Τσιμισκή'],
};

const cyrillic: NameGroup = {
  locale: 'ru_RU',
  country: 'RU',
  timeZone: 'Europe/Moscow',
  mobilePrefix: '+791',
  callingCode: '+7',
  share: 10,
  female: paired('Анна=anna Екатерина=ekaterina Ольга=olga Мария=mariya Юлия=yuliya Наталья=natalya Ксения=kseniya Дарья=darya'),
  male: paired('Александр=aleksandr Дмитрий=dmitriy Сергей=sergey Андрей=andrey Алексей=aleksey Михаил=mikhail Фёдор=fyodor Юрий=yuriy'),
  last: paired(
    'Иваненко=ivanenko Кузнец=kuznets Шевченко=shevchenko Бондарь=bondar Ткаченко=tkachenko Коваль=koval Лысенко=lysenko Мельник=melnik Щербак=shcherbak Жук=zhuk Гончар=gonchar Соловей=solovey Яценко=yatsenko Журавель=zhuravel Чумак=chumak Савченко=savchenko',
  ),
  publicDomains: ['gmele.com', 'pochtamt.ru'],
  places: [
    ['Москва', '101000'],
    ['Казань', '420111'],
  ],
  streets: ['Тверская улица', 'Невский проспект', 'улица Мира'],
};

const chinese: NameGroup = {
  locale: 'zh_CN',
  country: 'CN',
  timeZone: 'Asia/Shanghai',
  mobilePrefix: '+86138',
  callingCode: '+86',
  share: 5,
  female: paired('秀英=xiuying 丽=li 芳=fang 敏=min 静=jing 雪梅=xuemei'),
  male: paired('伟=wei 强=qiang 磊=lei 军=jun 建国=jianguo 志明=zhiming'),
  last: paired('王=wang 李=li 张=zhang 刘=liu 陈=chen 杨=yang 赵=zhao 黄=huang 周=zhou 吴=wu 欧阳=ouyang 司马=sima'),
  publicDomains: ['gmele.com', 'youjian.cn'],
  places: [
    ['上海', '200001'],
    ['北京', '100006'],
  ],
  streets: ['南京东路', '人民大道', '长安街'],
};

const japanese: NameGroup = {
  locale: 'ja_JP',
  country: 'JP',
  timeZone: 'Asia/Tokyo',
  mobilePrefix: '+8190',
  callingCode: '+81',
  share: 5,
  female: paired('さくら=sakura 陽子=yoko 美咲=misaki 花子=hanako 千尋=chihiro 恵=megumi'),
  male: paired('太郎=taro 健一=kenichi 翔太=shota 大輔=daisuke 誠=makoto 𠮷雄=yoshio'),
  last: paired(
    '佐藤=sato 鈴木=suzuki 高橋=takahashi 田中=tanaka 渡辺=watanabe 伊藤=ito 山本=yamamoto 中村=nakamura 小林=kobayashi 加藤=kato 𠮷田=yoshida 斎藤=saito',
  ),
  publicDomains: ['gmele.com', 'yuubin.co.jp'],
  places: [
    ['東京', '100-0001'],
    ['大阪', '530-0001'],
  ],
  streets: ['本町', '中央通り', '桜木町'],
};

/** All groups. Their shares add up to 100; no two of them have a last name of the same ASCII form, which is what keeps addresses unique. */
export const nameGroups: readonly NameGroup[] = [french, english, arabic, greek, cyrillic, chinese, japanese];

/** Made-up nicknames, some outside the Basic Multilingual Plane. */
export const nicknames: readonly string[] = [
  'Momo',
  'le Grand',
  '🦊',
  'Ninja 🥷🏽',
  'p’tit chef',
  'Ζορμπάς',
  '熊猫🐼',
  'O\\o',
  'Kiki',
  '👩‍👩‍👧 maman',
];

/** Job titles, some with characters that file formats treat specially. */
export const titles: readonly string[] = [
  'Direction générale',
  'Ingénieur réseau',
  'Account manager',
  'Chargé d’affaires, régions Sud & Est',
  'Support N2/N3',
  'Responsable "grands comptes"',
  'Comptable',
  'Architecte SI',
  'Office manager',
  'Technicien; astreintes',
];
