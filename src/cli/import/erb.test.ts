import { describe, expect, it } from 'vitest'
import { fromMarks, readErb } from './erb.ts'

function read(source: string) {
  const reading = readErb(source)
  if (reading.kind === 'problem') return reading
  return { ...fromMarks(reading.text), fallbacks: Object.fromEntries(reading.fallbacks) }
}

describe('readErb', () => {
  it.each([
    [`<%= ENV['X'] %>`, {}],
    [`<%= ENV["X"] -%>`, {}],
    [`<%=ENV['X'].to_i%>`, {}],
    [`<%= ENV.fetch('X') %>`, {}],
    [`<%= ENV['X'] || 'y' %>`, { X: 'y' }],
    [`<%= ENV["X"].presence || 8080 %>`, { X: '8080' }],
    [`<%= ENV.fetch("X", "y") %>`, { X: 'y' }],
    [`<%= ENV.fetch("X", 11435).to_i %>`, { X: '11435' }],
    [`<%= ENV.fetch('X') { 'y' } %>`, { X: 'y' }],
    [`<%= ENV['X'] || nil %>`, {}],
    [`<%= ENV['X'] || '' %>`, { X: '' }],
  ])('reads %s', (source, fallbacks) => {
    expect(read(`a: ${source} b`)).toEqual({ text: 'a: ${X} b', unreadableLine: undefined, fallbacks })
  })

  it.each([
    `<%= Rails.root %>`,
    `<%= ENV['X'] == 'true' %>`,
    `<%= "#{ENV['X']}:1" %>`,
    `<%= ENV['X'] || ENV['Y'] %>`,
    `<%= ENV['X'] || "a#{1}" %>`,
    `<%= ENV['X Y'] %>`,
    `<%= system('true') %>`,
  ])('leaves %s to whoever needs it, with its line', (source) => {
    expect(read(`a: 1\nb: ${source}`)).toMatchObject({ unreadableLine: '2' })
  })

  it('refuses Ruby that writes no value, but not in a comment', () => {
    expect(read('a: 1\n<% if true %>\nb: 2\n<% end %>')).toEqual({
      kind: 'problem',
      sentence: 'line 2 runs Ruby code, not only ENV',
    })
    expect(read('a: 1\n  # <% if true %>\n<%# said %>')).toMatchObject({ text: 'a: 1\n  # \n' })
  })

  it('keeps a plain ${ plain', () => {
    expect(read("a: ${HOME} <%= ENV['X'] %>")).toMatchObject({ text: 'a: $${HOME} ${X}' })
  })

  it('takes no mark that the file brings along', () => {
    expect(read('a: \uE000X\uE001')).toMatchObject({ text: 'a: \uFFFDX\uFFFD' })
  })
})
