(function(){
"use strict";
var box=document.querySelector(".search");
if(!box)return;
var input=box.querySelector("input"),list=box.querySelector("ol"),contents=document.querySelector(".contents");
box.hidden=false;
var things=[];
document.querySelectorAll("article[id],tr[id],h3[id],section[id]").forEach(function(at){
var head=at.matches("tr")?at.querySelector("th code")||at.querySelector("th"):at.matches("article")?at.querySelector("h3 a"):at.matches("section")?at.querySelector("h2"):at;
var name=head.textContent.trim(),article=at.closest("article"),rank=at.matches("tr")?1:0;
var owner=at.id.split(".")[0];
if(rank&&!article&&at.cells.length>1&&at.closest(".codes"))name+=" "+at.cells[1].textContent.trim();
var where=rank?owner:at.matches("article")?at.querySelector("small").textContent:"";
var words=rank?at.textContent:where;
things.push({at:at,name:name,where:where,rank:rank,low:name.toLowerCase(),words:words.toLowerCase()});
});
function score(thing,wanted){
if(thing.low===wanted)return thing.rank;
if(thing.low.indexOf(wanted)===0)return 2+thing.rank;
if(thing.low.indexOf(wanted)>0)return 4+thing.rank;
return wanted.split(/\s+/).every(function(word){return thing.words.indexOf(word)>=0||thing.low.indexOf(word)>=0})?6+thing.rank:-1;
}
function show(){
var wanted=input.value.trim().toLowerCase();
list.textContent="";
contents.hidden=wanted!=="";
if(!wanted)return;
var found=things.map(function(thing,order){return{thing:thing,order:order,score:score(thing,wanted)}}).filter(function(it){return it.score>=0});
found.sort(function(a,b){return a.score-b.score||a.order-b.order});
found.slice(0,60).forEach(function(it){
var item=document.createElement("li"),link=document.createElement("a"),where=document.createElement("small");
link.href="#"+it.thing.at.id;
link.textContent=it.thing.name;
where.textContent=it.thing.where;
link.append(where);
item.append(link);
list.append(item);
});
if(found.length!==Math.min(found.length,60)||!found.length){
var more=document.createElement("li");
more.textContent=found.length?found.length-60+" more: write more of the name.":"Nothing is called so.";
list.append(more);
}
}
document.querySelectorAll("tr[id]>th>code").forEach(function(name){
var link=document.createElement("a");
link.href="#"+name.closest("tr").id;
name.replaceWith(link);
link.append(name);
});
if(navigator.clipboard)document.querySelectorAll("pre").forEach(function(code){
var button=document.createElement("button"),text=code.textContent;
button.type="button";
button.textContent="Copy";
button.addEventListener("click",function(){navigator.clipboard.writeText(text).then(function(){button.textContent="Copied"})});
code.prepend(button);
});
input.addEventListener("input",show);
input.addEventListener("keydown",function(event){
if(event.key==="Escape"){input.value="";show()}
var first=list.querySelector("a");
if(event.key==="Enter"&&first)first.click();
});
document.addEventListener("keydown",function(event){
if(event.key==="/"&&event.target!==input&&!event.ctrlKey&&!event.metaKey&&!event.altKey){event.preventDefault();input.focus();input.select()}
});
var links={};
contents.querySelectorAll("a").forEach(function(link){links[link.hash.slice(1)]=link});
if(!("IntersectionObserver"in window))return;
var here=null,watch=new IntersectionObserver(function(seen){
seen.forEach(function(it){
var link=links[it.target.id];
if(!it.isIntersecting||!link||link===here)return;
if(here){here.classList.remove("here");here.removeAttribute("aria-current")}
here=link;
here.classList.add("here");
here.setAttribute("aria-current","true");
var nav=contents.parentNode;
if(nav.scrollHeight>nav.clientHeight&&getComputedStyle(nav).position==="sticky"){
var top=here.offsetTop-nav.clientHeight/2;
nav.scrollTop=top>0?top:0;
}
});
},{rootMargin:"-10% 0px -80% 0px"});
Object.keys(links).forEach(function(id){var at=document.getElementById(id);if(at)watch.observe(at)});
})();
