//! The blog as visitors read it.

use axum::http::{Method, header};
use shell::Role;

use crate::support::World;

/// Posts of the organisation, the newest last; every third one in another category.
async fn posts(world: &World, count: i32) {
    sqlx::query(
        "insert into site_pages (org_id, id, kind, slug, title, summary, body, category, tags, state, published_at, made_by, \
         created_at, updated_at) \
         select $1, gen_random_uuid(), 'post', 'post-' || n, 'Post ' || n || ' <b>&', 'Summary ' || n, \
         'Words of ' || n || E'\\n\\n```rust\\nlet a = 1 < 2;\\n```', case when n % 3 = 0 then 'After hours' else 'Answering' end, \
         array['Phone', 'Tag ' || n % 2], 'published', $2 + n * interval '1 hour', 'system', $2, $2 \
         from generate_series(1, $3) as n",
    )
    .bind(world.org)
    .bind(world.now() - chrono::Duration::days(30))
    .bind(count)
    .execute(&mut world.web.db.owner().await)
    .await
    .expect("posts");
}

#[tokio::test]
async fn a_blog_without_posts_says_so_and_a_blog_that_is_off_is_not_there() {
    let world = World::new().await;
    let empty = world.get("/blog").await;
    assert_eq!(empty.status, 200);
    assert!(empty.text.contains("Nothing is published here yet"), "{}", empty.text);
    assert_eq!(world.get("/feed.xml").await.status, 200);
    let off = World::new().await;
    off.owner("update sites set flags = '{\"blog\": false}'").await;
    for path in ["/blog", "/blog/x", "/blog/tag/x", "/feed.xml"] {
        assert_eq!(off.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn posts_are_listed_newest_first_by_page_category_and_tag() {
    let world = World::new().await;
    posts(&world, 14).await;
    let first = world.get("/blog").await;
    assert!(first.text.contains("/blog/post-14\"") && !first.text.contains("/blog/post-2\""), "{}", first.text);
    assert!(first.text.contains("Post 14 &#60;b&#62;&#38;") || first.text.contains("Post 14 &lt;b&gt;&amp;"));
    assert!(first.text.contains("/blog?page=2\" rel=\"next\""), "{}", first.text);
    let second = world.get("/blog?page=2").await;
    assert!(second.text.contains("/blog/post-2\"") && !second.text.contains("/blog/post-3\""), "{}", second.text);
    assert!(second.text.contains("<link rel=\"canonical\" href=\"http://127.0.0.1:8080/blog?page=2\">"));
    for nowhere in
        ["/blog?page=3", "/blog?page=0", "/blog?page=x", "/blog/category/nothing", "/blog/tag/..", "/blog/author/x"]
    {
        assert_eq!(world.get(nowhere).await.status, 404, "{nowhere}");
    }
    let late = world.get("/blog/category/after-hours").await;
    assert!(late.text.contains("/blog/post-12\"") && !late.text.contains("/blog/post-13\""), "{}", late.text);
    let tagged = world.get("/blog/tag/tag-1").await;
    assert!(tagged.text.contains("/blog/post-13\"") && !tagged.text.contains("/blog/post-14\""), "{}", tagged.text);
}

#[tokio::test]
async fn a_post_is_read_with_what_belongs_to_it() {
    let world = World::new().await;
    posts(&world, 5).await;
    let admin = world.token(Role::Admin);
    let author = "name=Dana+Whitfield&slug=&role=Editor&bio=Writes+%3Cscript%3E&image=";
    assert_eq!(world.web.submit(&admin, Method::POST, "/admin/authors", author).await.status, 303);
    world.owner("update site_pages set author_id = (select id from site_authors) where slug = 'post-4'").await;
    let post = world.get("/blog/post-4").await;
    assert_eq!(post.status, 200);
    assert!(post.text.contains("class=\"language-rust\"") && post.text.contains("1 &lt; 2"), "{}", post.text);
    assert!(
        post.text.contains("/blog/author/dana-whitfield") && !post.text.contains("Writes <script"),
        "{}",
        post.text
    );
    assert!(post.text.contains("\"@type\":\"BlogPosting\"") && post.text.contains("min to read"), "{}", post.text);
    assert!(post.text.contains("/media/share/post/post-4.png"), "{}", post.text);
    assert!(
        post.text.contains("href=\"/blog/post-5\"") && !post.text.contains("href=\"/blog/post-4\" class"),
        "related"
    );
    assert_eq!(post.header("cache-control"), "public, no-cache");
    let page = world.get("/blog/author/dana-whitfield").await;
    assert!(page.text.contains("/blog/post-4\"") && !page.text.contains("/blog/post-3\""), "{}", page.text);
    let remove = world.text("select id::text from site_authors").await;
    let bits = u128::from_str_radix(&remove.replace('-', ""), 16).expect("an id");
    let path = format!("/admin/authors/author_{}/remove", kernel::ids::encode(bits));
    assert_eq!(world.web.submit(&admin, Method::POST, &path, "").await.status, 409, "a post has this author");
}

#[tokio::test]
async fn the_feed_has_the_whole_words_and_is_well_formed() {
    let world = World::new().await;
    posts(&world, 25).await;
    let feed = world.get("/feed.xml").await;
    assert_eq!((feed.status, feed.header("content-type")), (200, "application/rss+xml; charset=utf-8"));
    assert_eq!(feed.text.matches("<item>").count(), 20);
    assert!(
        feed.text.contains("http://127.0.0.1:8080/blog/post-25") && !feed.text.contains("post-5<"),
        "{}",
        feed.text
    );
    assert!(!feed.text.contains("<b>") && !feed.text.contains("<code"), "words are escaped: {}", feed.text);
    assert!(feed.text.contains("Words of 25"));
    for (open, close) in [("<item>", "</item>"), ("<content:encoded>", "</content:encoded>"), ("<title>", "</title>")] {
        assert_eq!(feed.text.matches(open).count(), feed.text.matches(close).count(), "{open}");
    }
}

#[tokio::test]
async fn a_card_is_drawn_for_pages_that_exist() {
    let world = World::new().await;
    posts(&world, 1).await;
    let (status, headers, card) = world.file("/media/share/post/post-1.png").await;
    assert_eq!((status, &card[..4]), (200, &b"\x89PNG"[..]));
    assert_eq!(headers[header::CONTENT_TYPE], "image/png");
    assert_eq!(world.file("/media/share/post/post-1.png").await.2, card, "the same words, the same bytes");
    assert_eq!(world.file("/media/share/page/audit.png").await.0, 200);
    for nowhere in ["post/none.png", "post/post-1.svg", "nothing/post-1.png", "page/free-text.png", "post/..%2Fx.png"] {
        assert_eq!(world.file(&format!("/media/share/{nowhere}")).await.0, 404, "{nowhere}");
    }
}
