import type { Rule } from './policy.ts';

/** What a column, attribute or JSON member holds, as its name says it in English or French. */
export type NameKind =
  | 'email'
  | 'phone'
  | 'first-name'
  | 'last-name'
  | 'full-name'
  | 'login'
  | 'company'
  | 'password'
  | 'secret'
  | 'device-token'
  | 'iban'
  | 'card'
  | 'birth'
  | 'street'
  | 'postal-code'
  | 'city'
  | 'ip'
  | 'geo'
  | 'number-of-person'
  | 'money'
  | 'prose'
  | 'image'
  | 'special'
  | 'gender'
  | 'person'
  | 'device-id'
  | 'locale'
  | 'moment'
  | 'flag'
  | 'code'
  | 'id';

/** Names are compared as lower-case words with `_` between them: `FirstName`, `first-name` and `prénom` become `first_name` and `prenom`. */
export function wordsOf(name: string): string {
  return name
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/([a-z\d])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z\d]+/g, '_')
    .replace(/^_|_$/g, '')
    .toLowerCase();
}

/** A whole word, or words, of a name. */
const word = (alternatives: string): RegExp => new RegExp(`(?:^|_)(?:${alternatives})(?:_|\\d|$)`);

// The first that fits decides, so what says more stands before what says less.
const patterns: readonly (readonly [kind: NameKind, pattern: RegExp])[] = [
  [
    'special',
    word(
      'health|sante|medical|diagnos[a-z]*|maladie|disease|illness|allerg[a-z]*|handicap[a-z]*|disab(?:ility|ilities|led_worker|led_person)|invalidite|pregnan[a-z]*|enceinte|grossesse|blood|blood_?type|sanguin|religi[a-z]*|confession|faith|ethni[a-z]*|race|racial|origine_ethnique|origine|politi[a-z]*|opinion|syndicat|syndical|syndique|union_member|trade_union|sexual|sexuel|sexuelle|orientation|sex_life|genetic|genetique|biometri[a-z]*|condamn[a-z]*|convict[a-z]*|criminal[a-z]*|casier|marital|marital_?status|married|marriage|mariage|marie|divorce[d]?|matrimonial[a-z]*|situation_?familiale|nationalit[a-z]*|citizenship|citoyennete|veteran|minority',
    ),
  ],
  ['special', /^(?:is_)?disabled_(?:employee|veteran)$/],
  ['gender', word('gender|sex|sexe|genre|civilite|title_of_courtesy|pronouns?')],
  ['flag', word('is|has|est|enabled|disabled|active|actif|actifs|active?e?|deleted|verified|optin|opt_in')],
  [
    'last-name',
    word(
      'nom_de_naissance|nom_?naissance|nom_?usuel|nom_?d_?usage|nom_(?:de_)?jeune_fille|nom_?marital|maiden_?name|birth_?name|married_?name',
    ),
  ],
  [
    'birth',
    word(
      'birth|birthday|birth_?date|birth_?year|born|dob|naissance|ne_le|date_?(?:de_?)?naissance|ddn|annee_?naissance|anniversaire|birth_?place|age|died|deceased|death|deces|decede|hired|hire_?date|embauche|departed|retired',
    ),
  ],
  [
    'moment',
    /(?:^|_)(?:created|updated|modified|deleted|changed|inserted|cree|modifie|supprime|logged|submitted|submit|opened)(?:_(?:at|on|le|date|time|timestamp))?$|_at$|_on$|^date_(?:creation|modification|maj|insertion|suppression)|(?:^|_)(?:timestamp|maj|last_seen|open_date|submit_date)$/,
  ],
  ['device-token', /(?:device|push|registration|fcm|apns)_?token/],
  ['password', word('pass|password|passwd|passwords?|pwd|mot_de_passe|motdepasse|mdp|password_hash|user_password|userpassword')],
  [
    'secret',
    word(
      'secret|token|api_?key|access_key|private_key|privatekey|passphrase|cle_api|cle_privee|jeton|otp|pin|credential|credentials|cookie|session_?id|sid',
    ),
  ],
  ['secret', /(?<!(?:^|_)(?:primary|foreign|public|sort|partition))_key$/],
  ['email', word('e_?mail|mail|courriel|emails|mails|courriels|mel|email_address|adresse_mail|adresse_email|mailbox')],
  ['email', /mail$/],
  ['device-id', word('mac|mac_?addr(?:ess)?|adresse_mac|imei|imsi|iccid|idfa|idfv|gaid|adid|user_?agent|fingerprint')],
  [
    'device-id',
    word('(?:device|advertising|advertiser|android|hardware|terminal|appareil|serial)_?(?:id|uuid|guid|number|no|num)|numero_serie'),
  ],
  ['ip', word('ip|ip_?address|adresse_?ip|remote_addr|client_ip|ipv4|ipv6')],
  [
    'iban',
    word('iban|rib|bic|swift|bank_account|account_?(?:number|no)|compte_bancaire|numero_?compte|num_?compte|routing_number|sort_code'),
  ],
  [
    'card',
    word(
      'card_?(?:number|no|num)|credit_?card|cc_?(?:number|num|no)|pan|carte_bancaire|carte_bleue|carte_credit|numero_?carte|num_?carte|cb|cvv|cvc',
    ),
  ],
  [
    'phone',
    word(
      'phone|phones|mobile|portable|tel|telephone|telephone_number|fax|facsimile|facsimile_telephone_number|gsm|msisdn|caller|callee|cell|cellphone|home_phone|num_?tel|no_?tel|numero_?tel|numero_?telephone|contact_no|whatsapp|appelant|appele',
    ),
  ],
  [
    'full-name',
    word(
      'full_?name|display_?name|nom_complet|nom_?prenom|prenom_?nom|contact_?name|customer_?name|client_?name|manager_?name|employee_?name|owner_?name|author_?name|recipient_?name|nom_(?:du_)?(?:client|contact|titulaire|responsable|salarie|patient)|titulaire|card_?holder|account_?holder|gecos|nick_?name|surnom',
    ),
  ],
  ['first-name', word('first_?name|f_?name|given_?name|middle_?name|forename|prenom|prenoms')],
  ['last-name', word('last_?name|l_?name|sur_?name|family_?name|nom_de_famille|nom_famille|patronyme|sn')],
  ['last-name', /^nom$/],
  [
    'company',
    word('company|company_?name|societe|raison_sociale|legal_?name|organi[sz]ation|organi[sz]ation_?name|employer|employeur|entreprise|o'),
  ],
  [
    'login',
    word(
      'login|user_?name|userid|uid|identifiant|pseudo|pseudonyme|nom_utilisateur|account_?name|sam_account_name|member_uid|screen_?name|handle',
    ),
  ],
  ['postal-code', word('postal_?code|post_?code|zip|zip_?code|code_?postal|cp|insee|code_insee')],
  ['street', word('street|address|addr|adr|address_?line|adresse|rue|voie|lieu_?dit|postal_address|home_postal_address|street_address')],
  ['city', word('city|town|ville|commune|locality|localite|l')],
  [
    'geo',
    /(?:^|_)(?:latitude|longitude|lng|gps|geo|coordinates|coordonnees)(?:_|$)|(?:^|_)(?:lat|lon|long|location|localisation|lieu|geoloc|geolocation|geom)$/,
  ],
  [
    'number-of-person',
    word(
      'ssn|nir|nino|nif|tin|(?:num|no|numero)_?secu(?:rite)?(?:_?sociale)?|securite_?sociale|social_?security|siret|siren|vat|tva|tva_intra|registration_number|employee_number|employee_?number|matricule|passport|passeport|licence_number|permis|permis_conduire|(?:driver|driving)s?_?licen[cs]e|licen[cs]e_plate|plate_number|immatriculation|cni|carte_identite|id_card|customer_number|numero_client',
    ),
  ],
  [
    'number-of-person',
    word('(?:tax|fiscal|national|social|insurance|identity|citizen)_?(?:payer_?)?(?:insurance_?)?(?:id|no|num|number|code)|numero_fiscal'),
  ],
  [
    'person',
    word(
      '(?:created|updated|modified|deleted|approved|signed|assigned|cree|modifie)_(?:by|par)|author|auteur|owner|assignee|signataire|interlocuteur|destinataire|expediteur|recipient|sender|responsable|beneficiaire|beneficiary',
    ),
  ],
  ['money', word('salary|salaire|wage|wages|income|revenu|revenus|remuneration|bonus|prime|credit_?score')],
  ['image', word('photo|avatar|picture|image|portrait|jpeg_photo|thumbnail|thumbnail_photo|signature')],
  [
    'locale',
    word(
      'locale|lang|language|langue|preferred_language|country|country_code|pays|time_?zone|timezone|fuseau|fuseau_horaire|currency|devise|c',
    ),
  ],
  ['id', /^(?:id|oid|uuid|guid|pk)$|_(?:id|uuid|guid)$/],
  [
    'prose',
    word(
      'comment|comments|commentaire|commentaires|note|notes|description|remark|remarks|remarque|remarques|message|body|contenu|content|texte|text|detail|details|subject|objet|observation|observations|bio|about|reason|raison|memo|label|libelle',
    ),
  ],
  [
    'code',
    word(
      'status|statut|etat|state|type|kind|category|categorie|code|version|position|priority|priorite|sort|sort_order|ordre|rank|rang|level|niveau|direction|platform|os|os_version|model|colou?r|theme',
    ),
  ],
];

/** undefined where the name says nothing that is known. */
export function kindOfName(name: string): NameKind | undefined {
  const words = wordsOf(name);
  return patterns.find(([, pattern]) => pattern.test(words))?.[0];
}

/** Of these a name alone is reason enough to ask a person, whatever the type: yes or no can be as much as a text. */
const tellingAnyhow: Partial<Record<NameKind, string>> = {
  special: 'it can be of a special category of personal data (GDPR Art. 9 and 10), or the civil status',
  gender: 'it can tell of a person',
  birth: 'it can be an age, or a date or place of a life',
  money: 'it can be what somebody earns',
};

const telling: Partial<Record<NameKind, string>> = {
  ...tellingAnyhow,
  geo: 'it can be where somebody is',
  'number-of-person': 'it can be a number that stands for a person or a company',
  'device-id': 'it can be the number of a device, which belongs to somebody',
  phone: 'it can be a phone',
  iban: 'it can be an account',
  card: 'it can be a card',
  ip: 'it can be an IP address',
  secret: 'it can be a secret',
};

/**
 * Why only a person may decide to keep what is called so; undefined where the name is no reason.
 * @param isOneOfFew yes or no, or one of a fixed list, which holds no number or place of somebody
 */
export function whyNotKept(kind: NameKind | undefined, isOneOfFew: boolean): string | undefined {
  return kind && (isOneOfFew ? tellingAnyhow : telling)[kind];
}

const sameShape: Rule = { token: { form: 'same-shape' } };

/** The rules for what a name says, the best first; which of them fits, the type tells. */
export const rulesOfKind: Partial<Record<NameKind, readonly Rule[]>> = {
  email: ['email'],
  phone: ['phone'],
  'first-name': ['first-name'],
  'last-name': ['last-name'],
  'full-name': ['full-name'],
  person: ['full-name'],
  login: ['login'],
  company: ['company-name'],
  secret: [sameShape, { token: { form: 'uuid' } }],
  'device-token': ['device-token', sameShape],
  'device-id': [null, sameShape, { token: { form: 'uuid' } }],
  iban: ['iban', null, sameShape],
  card: ['card-number', null, sameShape],
  street: ['street', 'text'],
  'postal-code': ['postal-code', sameShape],
  city: ['city', 'text'],
  ip: ['ip'],
  geo: [null],
  money: [null],
  birth: [null],
  special: [null],
  gender: [null],
  'number-of-person': [sameShape],
  prose: ['text'],
  image: ['image'],
};
