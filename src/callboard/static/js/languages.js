// Which language a text is surely in, told by its commonest words: small, offline, and silent where it is not sure.

// Of each language the words that hardly any sentence does without; what two languages share counts for both.
const COMMON = {
  en: "the and of to in is that it for you was with on as are this be have not but they from or an which what by we how can do if would your there their will about more when has so my all no me at he she his her were been than its out up could should i",
  fr: "le la les des et est une un du de que qui dans pour pas sur avec ce il elle je vous nous ne se au aux sont plus par mais ou son sa ses cette comme être fait tout était ont votre notre leur on où très peut même aussi c d l j n s qu à en comment",
  de: "der die das und ist nicht ein eine einen einem einer zu in den dem des mit von für auf ich sie wir es auch als an dass wie sich oder aber sind wird werden haben hat ihr sein man kann bei nach noch nur wenn aus über war zum zur im am du mir mich was um",
  es: "el la los las de que y es en un una por con para no se su al lo como más pero sus le ya o este sí porque esta entre cuando muy sin sobre también me hasta hay donde quien desde todo nos durante todos uno les ni contra otros ese eso ella qué son del está cómo puede",
  it: "il lo la i gli le di che è e un una per non in con si del della dei delle da come più ma sono al alla anche ci questo questa se nel nella su mi io ho hanno essere ha dal dalla perché tutto cosa molto suo sua loro quando o dove chi ti puoi può",
  pt: "o a os as de que e é em um uma para com não por mais do da dos das no na nos nas se como mas foi ao ele ela são tem você seu sua ou quando muito já eu também só pelo pela até isso entre depois sem mesmo aos seus quem esse essa num está pode",
  nl: "de het een en van is in dat op te zijn voor met niet die aan er om ook als maar bij nog naar dan heeft wordt of je ik hij zij we wat uit kan over zo door tot hun deze dit mijn ze was worden hebben meer geen moet waar hoe jij u",
  sv: "och att det i en som är på för med av inte den till har de om ett jag men var så han hon kan från vi du när eller man sig mycket ska också min mig dig efter blir skulle hur vad där här detta alla finns många någon",
  da: "og at det i en er på for med af ikke den til har de som om et jeg men var så han hun kan fra vi du når eller man sig meget skal også min mig dig efter bliver hvordan hvad der her dette alle mange blev være kunne nogle",
  nb: "og at det i en er på for med av ikke den til har de som om et jeg men var så han hun kan fra vi du når eller man seg mye skal også min meg deg etter blir hvordan hva der her dette alle mange ble være kunne noen",
  fi: "ja on ei että se oli hän mutta ovat kun niin myös kuin tai joka jos voi olla mitä minä sinä he me te ne tämä ole olen nyt sen siitä jotka mukaan vain kanssa mikä miten missä sitä joka hyvin voit",
  pl: "i w nie na się z to że do jest o jak ale po co tak za od jego czy już jej są który która które przez być może tego dla tym był była ja ty on ona my wy oni też tylko ten ta te bardzo kiedy gdzie jeśli lub ze oraz można",
  cs: "a je se na to že v s z do i o ale jako za by jsem si jsou pro tak po co které který která jeho být nebo když už ještě může jak má při od bylo byl byla jen tím toho kde tento velmi ve také jsme není",
  ro: "și de în a la cu pe nu o este un că din pentru sunt mai ce se care au ca fost dar o sau lui prin când cum această acest aceasta foarte doar fi am ai lor ei el poate pot unde către după fără",
  hu: "a az és hogy nem is egy van ez meg de csak már mint azt ha vagy volt kell még ezt ki én te ő mi aki ami így lehet nagyon mert lesz minden majd után között hogyan vannak sem pedig azért itt ott",
  tr: "ve bir bu da de için ile çok ne o en mi var daha gibi ama olarak kadar sonra ben sen biz siz değil olan her ya şey nasıl neden olduğu göre ise hem veya yok onun bunu ki mı içinde tüm olduğunu",
  id: "yang dan di itu dengan untuk tidak ini dari dalam akan pada juga saya ke karena ada mereka lebih kita bisa sudah atau seperti dia oleh anda apa kami telah dapat adalah bagaimana banyak harus saat hanya jika sebagai kamu",
  vi: "là và của có không được cho một các trong này với những người khi đã để tôi bạn đó cũng như ở về từ sẽ nhiều ra làm thì nó lại rất bị phải hay vào hơn đến nếu chúng nào gì",
  ca: "el la els les de que i és en un una per amb no es al del com més però els seu seva aquest aquesta són dels també ha ser si quan molt on sobre fins entre sense pot tot perquè hi ho o jo vostè",
  ru: "и в не на я что с он как это по но все она так его за был от же бы для или мы вы из у если ее их только уже быть чтобы может есть когда где очень к до том этот эта которые который",
  uk: "і в не на я що з він як це по але всі вона так його за був від ж би для або ми ви із у якщо її їх тільки вже бути щоб може є коли де дуже та до цей ця які який також",
  bg: "и в не на аз че с той как това по но все тя така за беше от да се е са си или ние вие из ако ще само вече може има когато където много към до този тази които който",
};
const LEAST_WORDS = 8;
const LEAST_HITS = 4;
const SURE = 0.24; // of all words; ordinary text has 0.3 to 0.5 in its own language
const FAR = 0.3; // of the words that only the other one has: as many may be of the language that was asked for
const MOST = 3000; // characters: the beginning says enough

const lists = new Map();

function list(tag) {
  if (!lists.has(tag)) lists.set(tag, new Set(COMMON[tag].split(" ")));
  return lists.get(tag);
}

// The tag of another language than the one that was asked for, or "" where that cannot be said surely.
export function otherLanguage(text, asked) {
  const base = asked.split("-")[0];
  const own = base === "no" || base === "nn" ? "nb" : base;
  if (!COMMON[own]) return "";
  const plain = text.slice(0, MOST).replace(/```[^]*?(```|$)|`[^`]*`|\$[^$]*\$|https?:\S+/g, " ");
  const words = plain.toLowerCase().match(/\p{L}+/gu) ?? [];
  if (words.length < LEAST_WORDS) return "";
  const hits = (tag, without) => words.reduce((sum, word) => sum + (list(tag).has(word) && !without?.has(word) ? 1 : 0), 0);
  let best = own, most = hits(own);
  for (const tag of Object.keys(COMMON)) {
    const count = hits(tag);
    if (count > most) { best = tag; most = count; }
  }
  if (best === own || most / words.length < SURE) return "";
  // Neighbours share many words: only what belongs to one of the two says which it is.
  const theirs = hits(best, list(own));
  return theirs >= LEAST_HITS && hits(own, list(best)) <= theirs * FAR ? best : "";
}
