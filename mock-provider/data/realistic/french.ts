import type { Phrasebook } from './phrasebook.ts'

export const french: Phrasebook = {
  language: 'French',
  firstNames: ['Camille', 'Théo', 'Léa', 'Antoine', 'Manon', 'Hugo', 'Aïcha', 'Benoît', 'Chloé', 'Gaël', 'Noémie'],
  lastNames: [
    'Lefèvre',
    'Moreau',
    'Dubois',
    'Garnier',
    'Benali',
    'Rousseau',
    'Lemaître',
    'Fontaine',
    'Chevalier',
    'Roy',
  ],
  companies: ['Boulangerie Petit', 'Cabinet Morel', 'Atelier du Lac', 'Pharmacie des Halles', 'École Jules-Verne'],
  greetings: ['Bonjour,', 'Bonsoir,', 'Madame, Monsieur,', 'Bonjour à toute l’équipe {company},', 'Chère équipe,'],
  chatGreetings: ['bonjour', 'salut', 'bonjour 👋', 'bonjour, petite question :', 'coucou', ''],
  closings: ['Merci d’avance.', 'Dans l’attente de votre réponse.', 'Merci beaucoup pour votre aide.', ''],
  signOffs: ['Cordialement', 'Bien à vous', 'Salutations distinguées', 'Bonne journée', 'Merci'],
  mobileSignature: 'Envoyé de mon téléphone',
  quoteHeadings: ['Le {date}, le support {company} a écrit :', '----- Message d’origine du {date} -----'],
  quotedReplies: [
    'Merci pour votre message. Nous vous répondrons sous deux jours ouvrés.',
    'Pourriez-vous nous envoyer une photo et le numéro de commande ?',
    'Nous avons transmis votre demande à notre service technique.',
    'Veuillez redémarrer {product} et nous dire si le problème persiste.',
  ],
  amount: (units, cents) => `${units},${String(cents).padStart(2, '0')} €`,
  dateLocale: 'fr-FR',
  topics: [
    {
      name: 'double charge',
      subjects: ['Débité deux fois : {order}', 'Double prélèvement de {amount}', 'Deux paiements au lieu d’un'],
      openings: [
        'La commande {order} m’a été débitée deux fois.',
        'Je vois deux prélèvements de {amount} le {date} sur mon compte.',
        'La page s’est figée au paiement et j’ai été débitée deux fois de {amount}.',
      ],
      details: [
        'La facture {invoice} ne mentionne le montant qu’une fois.',
        'Je n’ai reçu qu’une confirmation.',
        'Les deux opérations sont déjà passées.',
      ],
      asks: ['Merci de me rembourser le second paiement.', 'Pouvez-vous vérifier et annuler le doublon ?'],
    },
    {
      name: 'refund',
      subjects: ['Remboursement {order}', 'Retour reçu, toujours pas remboursée', 'Où en sont mes {amount} ?'],
      openings: [
        'J’ai renvoyé l’article ({product}) il y a {days} jours.',
        'Le retour de la commande {order} est arrivé chez vous le {date}.',
        'L’article ne me convenait pas et je l’ai retourné dans les délais.',
      ],
      details: [
        'Je n’ai toujours rien reçu.',
        'J’ai gardé la preuve de dépôt.',
        'Votre site annonce cinq jours ouvrés.',
      ],
      asks: ['Je demande le remboursement de {amount}.', 'Quand serai-je remboursée ?', 'Je ne veux pas d’avoir.'],
    },
    {
      name: 'chargeback threat',
      subjects: ['Dernière relance : {order}', 'Je conteste auprès de ma banque', 'C’est une fraude'],
      openings: [
        'C’est mon quatrième message au sujet de {order} et personne ne répond.',
        'Je n’ai jamais autorisé le paiement de {amount} du {date}.',
        'Vous continuez à me prélever alors que j’ai résilié il y a {days} jours.',
      ],
      details: [
        'C’est inadmissible, j’appelle cela une fraude.',
        'J’ai gardé une copie de tous mes messages.',
        'Ma banque est déjà prévenue.',
      ],
      asks: [
        'Sans remboursement aujourd’hui, je fais opposition auprès de ma banque.',
        'À défaut, je porterai plainte.',
      ],
    },
    {
      name: 'login',
      subjects: ['Connexion impossible', 'Mot de passe oublié : aucun message', 'Compte bloqué ({error})'],
      openings: [
        'Je ne peux plus me connecter depuis le {date}.',
        'Le message pour changer mon mot de passe n’arrive pas, même dans les indésirables.',
        'Depuis la version {version} je suis déconnectée sans arrêt.',
      ],
      details: [
        'Je vois seulement {error}.',
        'J’ai essayé deux navigateurs et mon téléphone.',
        'Un collègue avec {plan} a le même souci.',
      ],
      asks: [
        'Pouvez-vous débloquer mon compte ?',
        'Merci de réinitialiser la double authentification.',
        'Que puis-je faire d’autre ?',
      ],
    },
    {
      name: 'privacy request',
      subjects: ['Droit d’accès (RGPD)', 'Effacement de mes données', 'Demande RGPD'],
      openings: [
        'En vertu de l’article 15 du RGPD, je demande une copie de toutes mes données.',
        'Je demande l’effacement de mon compte et de mes données (article 17 du RGPD).',
        'Je reçois toujours vos publicités malgré mon opposition d’il y a {days} jours.',
      ],
      details: [
        'Cela concerne aussi la commande {order}.',
        'Je n’ai jamais accepté la transmission de mon adresse à des tiers.',
        'Indiquez-moi aussi votre délégué à la protection des données.',
      ],
      asks: ['Merci d’accuser réception et de répondre sous un mois.', 'J’attends votre confirmation écrite.'],
    },
    {
      name: 'legal threat',
      subjects: ['Mise en demeure : {order}', 'Mon avocat vous écrira', 'Réclamation officielle'],
      openings: [
        'J’ai confié l’affaire de la commande {order} à mon avocat.',
        'Le {date} la batterie a pris feu ({product}) et a endommagé notre cuisine.',
        'Vous avez ignoré le délai fixé il y a {days} jours.',
      ],
      details: [
        'Le préjudice s’élève pour l’instant à {amount}.',
        'Une association de consommateurs est saisie.',
        'Je vous tiens pour responsables de tous les frais.',
      ],
      asks: ['Sans réponse sous 7 jours, je saisis le tribunal.', 'Je me réserve le droit d’engager des poursuites.'],
    },
    {
      name: 'defect',
      subjects: ['{product} en panne après {days} jours', '{product} ne marche plus', 'Arrivé abîmé : {order}'],
      openings: [
        'L’appareil ({product}) est tombé en panne au bout de {days} jours.',
        'La commande {order} est arrivée aujourd’hui avec une fissure sur le côté.',
        'À chaque démarrage je vois {error}.',
      ],
      details: [
        'J’ai réinitialisé et installé {version}, rien n’y fait.',
        'Une photo est jointe.',
        'Tout allait bien jusqu’au {date}, puis il y a eu un grincement.',
      ],
      asks: [
        'Puis-je avoir un remplacement ?',
        'Est-ce couvert par la garantie ?',
        'Où dois-je l’envoyer en réparation ?',
      ],
    },
    {
      name: 'outage',
      subjects: [
        'URGENT : {product} en panne générale',
        'Plus rien ne marche depuis ce matin',
        'Panne totale, {error}',
      ],
      openings: [
        'Depuis ce matin plus rien ne fonctionne chez nous ({product}).',
        'Depuis {version} toutes les requêtes échouent avec {error}.',
        'Nous ne pouvons plus prendre de commandes, l’écran reste blanc.',
      ],
      details: [
        'Une bonne {days}0aine de personnes est bloquée.',
        'Votre page d’état est toute verte, c’est faux.',
        'C’est la deuxième fois depuis le {date}.',
      ],
      asks: [
        'Merci de traiter cela en urgence.',
        'Il nous faut quelqu’un au téléphone tout de suite.',
        'Quand est-ce que cela reviendra ?',
      ],
    },
    {
      name: 'late delivery',
      subjects: ['Où est ma commande {order} ?', '{days} jours de retard', 'Suivi bloqué'],
      openings: [
        'La commande {order} devait arriver le {date}.',
        'Le suivi n’a pas bougé depuis {days} jours ({product}).',
        'Le transporteur indique « livré », mais je n’ai rien.',
      ],
      details: [
        'Les voisins n’ont rien reçu non plus.',
        'C’est un cadeau d’anniversaire.',
        'J’ai attendu deux jours à la maison.',
      ],
      asks: ['Où est le colis ?', 'Merci de le renvoyer ou d’annuler.', 'Pouvez-vous relancer le transporteur ?'],
    },
    {
      name: 'feature request',
      subjects: ['Suggestion pour {product}', 'Idée : export dans {plan}', 'Un mode sombre ?'],
      openings: [
        'Nous utilisons {product} chaque jour et il nous manque une chose.',
        'Ce serait bien d’exporter le bilan mensuel vers un tableur.',
        'Un mode sombre serait formidable 😊',
      ],
      details: [
        'Dans {version} je recopie tout à la main.',
        'D’autres outils au prix de {plan} le proposent.',
        'Nous y gagnerions {days} heures par semaine.',
      ],
      asks: ['Est-ce prévu ?', 'Pouvez-vous le transmettre à l’équipe produit ?'],
    },
    {
      name: 'how to',
      subjects: ['Question sur {product}', 'Changer l’adresse de facturation', 'Petite question sur {plan}'],
      openings: [
        'J’ai une question sur {product}.',
        'Comment modifier l’adresse de la facture {invoice} ?',
        'Nous voulons passer {plan} en paiement annuel.',
      ],
      details: [
        'Je n’ai rien trouvé dans l’aide.',
        'Le menu est différent dans {version}.',
        'Le numéro de commande est {order}.',
      ],
      asks: ['Où puis-je le trouver ?', 'Un lien suffira.', 'Rien ne presse.'],
    },
    {
      name: 'cancellation',
      subjects: ['Résiliation de {plan}', 'Annuler la commande {order}', 'Résilier mon abonnement'],
      openings: [
        'Je souhaite résilier {plan} dès que possible.',
        'Merci d’annuler la commande {order}, je me suis trompée de taille.',
        'Nous n’avons plus besoin de {product}.',
      ],
      details: [
        'Le bouton de résiliation mène à {error}.',
        'La hausse de prix du {date} est trop forte.',
        'Notre projet est terminé.',
      ],
      asks: ['Merci de confirmer la résiliation par écrit.', 'Rien ne doit être prélevé après le {date}.'],
    },
    {
      name: 'praise',
      subjects: ['Merci !', 'Service formidable', 'Bravo à l’équipe'],
      openings: [
        'Je voulais juste dire merci, tout est arrivé en {days} jours et marche à merveille ({product}).',
        'Votre collègue au téléphone le {date} a été formidable.',
        'Nous sommes passés à {plan} et nous adorons.',
      ],
      details: [
        'L’installation a pris dix minutes.',
        'Même la mise à jour {version} s’est bien passée.',
        'La commande {order} était emballée avec soin.',
      ],
      asks: [
        'Transmettez-leur, s’il vous plaît ! ⭐',
        'Continuez comme ça.',
        'Rien à faire de votre côté, bonne journée.',
      ],
    },
    {
      name: 'false alarm',
      subjects: ['Pas urgent : {invoice}', 'C’est réglé', 'Plus besoin de remboursement'],
      openings: [
        'Ce n’est pas urgent, c’est juste pour vous prévenir.',
        'Oubliez mon message du {date}, je ne suis plus fâchée.',
        'Notre service juridique vous remercie de votre réponse rapide sur {invoice}.',
      ],
      details: [
        'Il n’était pas cassé ({product}), il n’était simplement pas branché 😅',
        'Le second débit de {amount} a disparu tout seul.',
        'Le lien de téléchargement remarche.',
      ],
      asks: ['Pas besoin de remboursement.', 'Vous pouvez clore la demande.'],
    },
  ],
}
