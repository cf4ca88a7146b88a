//! Words that say nothing about what a question is about: function words, and the fillers of chat.
//!
//! The lists are short on purpose. A word that could be a topic ("open", "cost", "help") is never in one.

use std::sync::LazyLock;

use super::{WordMap, WordSet};

const LISTS: &[(&str, &str)] = &[
    (
        "en",
        "a about above after again all also am an and any anybody anyone anything are aren't as at be because been before being below between \
         both but by can can't cannot could couldn't did didn't do does doesn't doing don't down during each either else ever every few for from \
         further get gets getting got had hadn't has hasn't have haven't having he he'd he'll her here hers herself him himself his how i i'd i'll \
         i'm i've if in into is isn't it it'd it'll its itself just let lets me might more most much must my myself no nor not of off on once only \
         or other our ours ourselves out over own per please quite rather really same shall she should shouldn't so some somebody someone something \
         such than that that'll that'd the their theirs them themselves then there these they they'd they'll they're they've this those through to \
         too u ur under until up upon us very was wasn't we we'd we'll we're we've were weren't what when where which while who whom whose why will \
         with within without won't would wouldn't yes yet you you'd you'll you're you've your yours yourself hi hey hello thanks thank pls plz ok \
         okay thx guys wondering wonder know tell im ive dont doesnt didnt cant whats wanna gonna",
    ),
    (
        "de",
        "aber alle allem allen aller alles als also am an ander andere anderen anderer anderes auch auf aus bei beim bin bis bist bitte da dabei \
         dadurch dafür daher dann daran darauf daraus das dass dein deine deinem deinen deiner dem den denn der deren des dessen die dies diese \
         diesem diesen dieser dieses doch dort du durch ein eine einem einen einer eines einige er es etwas euch euer eure für gegen gibt haben \
         habe habt hallo hat hatte hatten hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im in ins ist ja jede jedem jeden jeder jedes \
         jetzt kann kannst können könnte könnten könnt machen man mein meine meinem meinen meiner mich mir mit muss müssen nach nein nicht nichts \
         noch nun nur ob oder ohne sehr sein seine seinem seinen seiner seit sich sie sind so solche soll sollte sollten sondern sonst über um und \
         uns unser unsere unserem unseren unserer unter viel viele vom von vor war waren warum was weil welche welchem welchen welcher welches wem \
         wen wenn wer werde werden wessen wie wieder wieviel will wir wird wirst wo wohin wurde wurden während würde würden zu zum zur zwischen mal \
         gerne gern danke eigentlich schon",
    ),
    (
        "es",
        "a al algo alguna algunas alguno algunos ante antes aquel aquella aquí así aun aunque bajo bien cada como cómo con contra cosa cual cuál \
         cuales cuáles cuando cuándo cuanto cuánto cuanta cuánta cuántos cuántas de del desde donde dónde dos durante e el él ella ellas ellos en \
         entre era eran es esa esas ese eso esos esta está están estas este esto estos estoy fue fueron gracias ha han hasta hay he hola la las le \
         les lo los más me mi mis mucho muchos muy nada ni no nos nosotros nuestra nuestro o os otra otro para pero poco por porfavor porque qué que \
         quien quién quiero se sea ser si sí sido sin sobre son soy su sus también tan tanto te tener tengo ti tiene tienen todo todos tu tus un una \
         unas uno unos usted ustedes vosotros y ya yo puedo puede pueden favor",
    ),
    (
        "fr",
        "a à ai ainsi alors après as au aucun aussi autre aux avant avec avez avoir avons beaucoup bien bonjour car ce ceci cela celle celui ces cet \
         cette ceux chaque chez ci comme comment d dans de depuis des deux du elle elles en encore entre es est et étaient était été être eu eux \
         fait font hors il ils j je jusqu l la là le les leur leurs lui ma mais me même merci mes moi moins mon n ne ni non nos notre nous on ont ou \
         où par parce pas pendant peu peut peux plus pour pourquoi pouvez puis qu quand que quel quelle quelles quels qui quoi s sa sans se ses si \
         son sont sous sur ta te tes toi ton toujours tous tout toute très trop tu un une vers veux voudrais vos votre vous y combien svp plaît",
    ),
    (
        "it",
        "a abbiamo ad agli ai al alla alle allo altro anche ancora avere avete c che chi ci ciao come con cosa così cui d da dagli dal dalla dalle \
         degli dei del dell della delle dello di dopo dove due e è ed era essere gli grazie ha hai hanno ho i il in io l la le lei li lo loro lui ma \
         me mi mia mie miei mio molto ne negli nei nel nella nelle no noi non nostra nostro o ogni per perché però più poco posso può qual quale \
         quali quando quanto quanta quanti quella quello questa queste questi questo qui se sei senza si sì sia sono sta stata stato su sua sugli \
         sul sulla sulle suo te ti tra tu tua tuo tutti tutto un una uno vi voi vorrei buongiorno",
    ),
    (
        "pt",
        "a ao aos aquela aquele as até boa bom cada com como da das de dela dele do dos e é ela elas ele eles em entre era essa esse esta está estão \
         este eu foi foram há isso isto já la lhe lo mais mas me mesmo meu meus minha muito na não nas nem no nos nós nossa nosso num numa o obrigado \
         obrigada olá onde os ou para pela pelas pelo pelos por porque posso pode qual quais quando quanto quanta quantos que quem se sem ser será \
         seu seus só sua suas também te tem têm tenho ter teu tu tua um uma uns vocês você voce quero oi",
    ),
    (
        "nl",
        "aan al alles als altijd andere ben bij daar dan dat de der deze die dit doch doen door dus een en er ge geen haar had heb hebben heeft hem \
         het hier hij hoe hoeveel hun iets ik in is ja je jij jou jouw jullie kan kunnen kunt maar me meer men met mij mijn moet na naar niet niets \
         nog nu of om omdat onder ons onze ook op over reeds te tegen toch toen tot u uit uw van veel voor waar waarom wanneer want waren was wat we \
         wel welke werd wezen wie wij wil worden wordt zal ze zelf zich zij zijn zo zonder zou hallo bedankt graag",
    ),
    (
        "tr",
        "acaba ama ancak artık az bana bazı belki ben beni benim bir biri biz bize bizi bizim bu buna bunlar bunu bunun burada çok çünkü da daha de \
         defa değil diye en gibi hangi hem hep hepsi her hiç için ile ise kadar ki kim kime kimi mı mi mu mü nasıl ne neden nedir nerede nereye \
         niçin niye o ona onlar onu onun orada oysa sana sen seni senin siz size sizi sizin şey şu şunu tüm var ve veya ya yani yok merhaba teşekkürler \
         lütfen olan olarak oldu olduğu ne kaç",
    ),
    (
        "sv",
        "alla att av blev bli blir de dem den denna deras dess det detta dig din du där då efter ej eller en er ert ett från för ha hade han har hans \
         hej hon hur här i icke inte jag ju kan kunde man med men mig min mot mycket ni nu när någon något och om oss på sedan sig sin ska som så till \
         under upp ut vad var vara vem vi vid vilken är åt över tack",
    ),
    (
        "pl",
        "a aby ale albo bardzo bez by być był była było co czy dla do gdy gdzie go i ich ile im ja jak jaka jaki jakie jako je jego jej jest jestem \
         już kiedy kto która który które lub ma mam mi mnie mój może można na nad nam nas nie niż o od on ona oni po pod przez przy się są ta tak \
         także tam te tego tej ten to tu tylko ty u w we wy z za ze że dzień dobry dziękuję proszę cześć",
    ),
    (
        "ru",
        "а без бы был была были было быть в вам вас во вот вы где да для до его ее если есть еще же за здесь и из или им их к как какая какие какой \
         когда кто ли мне можно мой мы на над не него нет но о об он она они от по под при с сколько со так там то только ты у уже хочу что чтобы это \
         этот я здравствуйте привет спасибо пожалуйста",
    ),
];

static SETS: LazyLock<WordMap<&str, WordSet<&str>>> =
    LazyLock::new(|| LISTS.iter().map(|(lang, list)| (*lang, list.split_whitespace().collect())).collect());

/// Whether a lower-case word is a function word or a filler in that language.
pub fn is_stop_word(lower: &str, language: &str) -> bool {
    SETS.get(language).is_some_and(|set| set.contains(lower))
}

/// Words that many questions have and few are about, beyond the stop words. English needs no list: its words are ranked by
/// frequency elsewhere.
const WEAK: &[(&str, &str)] = &[
    (
        "de",
        "bietet bieten anbieten macht mache nehmt nehmen nimmt brauche braucht brauchen bekomme bekommen kriege gilt gelten gültig hoch beträgt vorhanden          möglich möchte möchten geht gehen komme kommen warten dauert kaufen verkauft verkaufen ersten erste nächste nächsten zurzeit heute morgen          frage hätte sitze wissen sagen bezahlen zahlen ihr euch praxis laden geschäft offen",
    ),
    (
        "es",
        "ofrecen ofrece hacen hace aceptan acepta admiten necesito necesita quisiera quería quiero querría ir voy vamos venir saber decir ver dar pueden          poder hacer pagar comprar venden vende busco buscan hoy mañana persona personas local tienda comida",
    ),
    (
        "fr",
        "proposez faites prenez acceptez besoin faire prendre savoir aller venir avoir souhaite aimerais vendez acheter aujourd'hui demain possible",
    ),
    (
        "it",
        "offrite fate prendete accettate bisogno fare prendere sapere andare venire avere vendete comprare oggi domani possibile",
    ),
    ("pt", "oferecem fazem aceitam preciso fazer saber ir vir ter vendem comprar hoje amanhã possível gostaria"),
    ("nl", "bieden doen nemen accepteren nodig weten gaan komen verkopen kopen vandaag morgen mogelijk willen"),
    (
        "tr",
        "sunuyor yapıyor alıyor kabul ediyor gerek lazım istiyorum bilmek gitmek gelmek almak satıyor bugün yarın mümkün musunuz",
    ),
];

static WEAK_SETS: LazyLock<WordMap<&str, WordSet<&str>>> =
    LazyLock::new(|| WEAK.iter().map(|(lang, list)| (*lang, list.split_whitespace().collect())).collect());

/// Whether a lower-case word says little about what a question is about.
pub fn is_weak(lower: &str, language: &str) -> bool {
    WEAK_SETS.get(language).is_some_and(|set| set.contains(lower))
}
