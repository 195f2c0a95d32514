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
  | 'gender'
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
  ['flag', word('is|has|est|enabled|disabled|active|actif|actifs|active?e?|deleted|verified|optin|opt_in')],
  [
    'moment',
    /(?:^|_)(?:created|updated|modified|deleted|changed|inserted|cree|modifie|supprime|logged|submitted|submit|opened)(?:_(?:at|on|le|date|time|timestamp))?$|_at$|_on$|^date_(?:creation|modification|maj|insertion|suppression)|(?:^|_)(?:timestamp|maj|last_seen|open_date|submit_date)$/,
  ],
  ['birth', word('birth|birthday|birthdate|born|dob|naissance|ne_le|date_naissance|anniversaire')],
  ['device-token', /(?:device|push|registration|fcm|apns)_?token/],
  ['password', word('pass|password|passwd|passwords?|pwd|mot_de_passe|motdepasse|mdp|password_hash|user_password|userpassword')],
  [
    'secret',
    word('secret|token|api_?key|access_key|private_key|privatekey|passphrase|cle_api|cle_privee|jeton|otp|pin|credential|credentials'),
  ],
  ['secret', /(?<!(?:^|_)(?:primary|foreign|public|sort|partition))_key$/],
  ['email', word('e_?mail|mail|courriel|emails|mails|courriels|mel|email_address|adresse_mail|adresse_email')],
  ['ip', word('ip|ip_address|ipaddress|adresse_ip|remote_addr|client_ip|ipv4|ipv6')],
  ['iban', word('iban|rib|bic|swift|bank_account|account_number|compte_bancaire|numero_compte')],
  ['card', word('card_number|credit_card|pan|carte_bancaire|numero_carte|cb')],
  [
    'phone',
    word(
      'phone|phones|mobile|portable|tel|telephone|telephone_number|fax|facsimile|facsimile_telephone_number|gsm|msisdn|caller|callee|cell|cellphone|home_phone|numero_tel|numero_telephone|appelant|appele',
    ),
  ],
  ['first-name', word('first_?name|given_?name|forename|prenom|prenoms')],
  ['last-name', word('last_?name|sur_?name|family_?name|nom_de_famille|nom_famille|patronyme|sn')],
  ['last-name', /^nom$/],
  [
    'company',
    word('company|company_?name|societe|raison_sociale|legal_?name|organi[sz]ation|organi[sz]ation_?name|employer|employeur|entreprise|o'),
  ],
  ['full-name', word('full_?name|display_?name|nom_complet|nom_prenom|contact_?name|customer_?name|client_?name|gecos|nick_?name|surnom')],
  ['login', word('login|user_?name|uid|identifiant|pseudo|pseudonyme|nom_utilisateur|account_?name|sam_account_name|member_uid')],
  ['postal-code', word('postal_?code|post_?code|zip|zip_?code|code_postal|cp')],
  ['street', word('street|address|address_?line|adresse|rue|voie|postal_address|home_postal_address|street_address')],
  ['city', word('city|town|ville|commune|locality|localite|l')],
  ['geo', /(?:^|_)(?:latitude|longitude|lng|gps|geo|coordinates|coordonnees)(?:_|$)|(?:^|_)(?:lat|lon|long)$/],
  [
    'number-of-person',
    word(
      'ssn|nir|num_secu|securite_sociale|social_security|siret|siren|vat|tva|tva_intra|registration_number|employee_number|employee_?number|matricule|passport|passeport|licence_number|national_id|customer_number|numero_client',
    ),
  ],
  ['money', word('salary|salaire|wage|wages|income|revenu|revenus|remuneration|bonus|prime')],
  ['image', word('photo|avatar|picture|image|portrait|jpeg_photo|thumbnail|thumbnail_photo|signature')],
  ['gender', word('gender|sex|sexe|genre|civilite|title_of_courtesy')],
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
      'comment|comments|commentaire|commentaires|note|notes|description|remark|remarks|remarque|remarques|message|body|texte|text|detail|details|subject|objet|observation|observations|bio|about|reason|raison|memo|label|libelle',
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
